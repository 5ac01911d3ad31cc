import type { VNode } from "preact";
import type { RunsAnswer } from "../../api/run.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";

interface RunPickerProps {
  readonly label: string;
  /** The chosen run; undefined: choosing is an action. */
  readonly value?: string | undefined;
  /** Text for none; absent: there always is one. */
  readonly none?: string;
  readonly except?: readonly string[];
  readonly choose: (run: string) => void;
  /** The label is for screen readers alone. */
  readonly quiet?: boolean;
}

/** The newest runs; older ones are found in the list of all runs. */
const MOST = 200;

export function RunPicker(props: RunPickerProps): VNode {
  const { label, value = "", none, except = [], choose, quiet = false } = props;
  const { state } = useLive();
  const { data } = useAnswer<RunsAnswer>(`/api/runs?limit=${MOST}`, state, { sticky: true });
  const runs = (data?.items ?? []).filter(({ id }) => !except.includes(id));
  const known = value === "" || runs.some(({ id }) => id === value);
  return (
    <label class="run-picker">
      <span class={quiet ? "hidden" : ""}>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        {none !== undefined && <option value="">{none}</option>}
        {!known && <option value={value}>{value}</option>}
        {runs.map(({ id, status }) => (
          <option key={id} value={id}>
            {id} · {status}
          </option>
        ))}
      </select>
    </label>
  );
}
