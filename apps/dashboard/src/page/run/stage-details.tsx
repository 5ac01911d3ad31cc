import type { VNode } from "preact";
import type { StageState } from "../../api/run.ts";
import { runPath } from "../app/sections.ts";
import { formatDuration, short, when } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { Bar } from "../parts/bar.tsx";
import { FaultNote } from "../parts/state.tsx";
import { amount, pace, share } from "./progress.ts";

interface StageDetailsProps {
  readonly run: string;
  readonly stage: StageState;
  readonly close: () => void;
}

/** Everything about one stage of a run. */
export function StageDetails({ run, stage, close }: StageDetailsProps): VNode {
  const { id, state, reason, key, started, finished, seconds, tasks, error } = stage;
  return (
    <section class="card stage-details" aria-label={`Stage ${id}`}>
      <header>
        <h2>{id}</h2>
        <Badge state={state} />
        <span class="push" />
        <a href={`${runPath(run, "logs")}?stage=${encodeURIComponent(id)}`}>its log</a>
        <button
          type="button"
          class="button quiet small"
          aria-label="Close the details"
          onClick={close}
        >
          ✕
        </button>
      </header>
      {error !== undefined && <FaultNote fault={error} />}
      <dl class="facts">
        {reason !== undefined && <Fact name="why it ran" value={reason} />}
        {state === "reused" && (
          <Fact name="why it did not run" value="an earlier result has the same key" />
        )}
        {started !== undefined && <Fact name="started" value={when(started)} />}
        {finished !== undefined && <Fact name="ended" value={when(finished)} />}
        {seconds !== undefined && (
          <Fact
            name={state === "reused" ? "took, when it ran" : "took"}
            value={formatDuration(seconds)}
          />
        )}
        {key !== undefined && <Fact name="cache key" value={short(key)} title={key} />}
      </dl>
      <Links run={run} title="takes" links={stage.inputs} />
      <Links run={run} title="gives" links={stage.outputs} />
      {tasks.length > 0 && <TaskList stage={stage} />}
    </section>
  );
}

/** What a stage is doing, or did. */
export function TaskList({ stage }: { readonly stage: StageState }): VNode {
  return (
    <ul class="tasks" aria-label={`Tasks of ${stage.id}`}>
      {stage.tasks.map((task) => (
        <li key={task.task}>
          <span class="task-name">{task.task}</span>
          <Bar
            label={task.task}
            share={share(task) ?? (stage.state === "running" ? undefined : 1)}
          />
          <span class="task-amount">{amount(task)}</span>
          <span class="task-pace muted">{pace(task)}</span>
          <span class="task-left muted">
            {task.eta === undefined ? "" : `${formatDuration(task.eta)} left`}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Fact(props: {
  readonly name: string;
  readonly value: string;
  readonly title?: string;
}): VNode {
  return (
    <div>
      <dt>{props.name}</dt>
      <dd title={props.title}>{props.value}</dd>
    </div>
  );
}

function Links({
  run,
  title,
  links,
}: {
  readonly run: string;
  readonly title: string;
  readonly links: StageState["inputs"];
}): VNode | null {
  if (links.length === 0) return null;
  return (
    <div class="links">
      <span class="muted">{title}</span>
      {links.map(({ field, kind, digest }) => (
        <a
          key={field}
          class="chip"
          href={`${runPath(run, "artifacts")}?artifact=${digest}`}
          title={`${field}: ${digest}`}
        >
          {field} <small>{kind}</small>
        </a>
      ))}
    </div>
  );
}
