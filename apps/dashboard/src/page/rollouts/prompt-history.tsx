import { useState } from "preact/hooks";
import type { VNode } from "preact";
import type { PromptAnswer, SamplesAnswer } from "../../api/rollouts.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count, figure } from "../data/words.ts";
import { Badge } from "../parts/badge.tsx";
import { OutcomeBar } from "../parts/outcome-bar.tsx";
import { Show } from "../parts/state.tsx";

interface PromptHistoryProps {
  readonly run: string;
  readonly prompt: string;
  readonly rollout: number;
}

type Place = PromptAnswer["items"][number];

/** Times that are listed at each end. */
const ENDS = 12;

/** The same prompt before and after: how it was answered over the rollouts. Asked for when it is opened. */
export function PromptHistory(props: PromptHistoryProps): VNode {
  const [open, setOpen] = useState(false);
  return (
    <details class="history" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Before and after: this prompt in other rollouts</summary>
      {open && <Places {...props} />}
    </details>
  );
}

function Places({ run, prompt, rollout }: PromptHistoryProps): VNode {
  const base = `/api/runs/${run}/prompts/${encodeURIComponent(prompt)}`;
  const early = useAnswer<PromptAnswer>(address(base, { limit: ENDS }));
  const total = early.data?.total ?? 0;
  const late = useAnswer<PromptAnswer>(
    total > ENDS ? address(base, { offset: Math.max(ENDS, total - ENDS), limit: ENDS }) : undefined,
  );
  return (
    <Show answer={early} rows={2}>
      {({ items }) => {
        const places = [...items, ...(late.data?.items ?? [])];
        const [first, last] = [places[0], places.at(-1)];
        if (places.length < 2 || first === undefined || last === undefined)
          return <p class="muted">It was sampled once so far.</p>;
        return (
          <>
            <p class="muted">
              Sampled {count(total, "time")}: mean reward {figure(first.meanReward)} in rollout{" "}
              {first.rollout}, {figure(last.meanReward)} in {last.rollout}.
            </p>
            <div class="links">
              {places.map((place, index) => (
                <span key={`${place.rollout} ${place.group}`}>
                  {index === ENDS && total > 2 * ENDS && <span class="muted"> … </span>}
                  <PlaceButton place={place} here={place.rollout === rollout} />
                </span>
              ))}
            </div>
            <div class="columns">
              <Side run={run} place={first} title="First" />
              <Side run={run} place={last} title="Last" />
            </div>
          </>
        );
      }}
    </Show>
  );
}

function PlaceButton({ place, here }: { readonly place: Place; readonly here: boolean }): VNode {
  const { rollout, group, meanReward } = place;
  return (
    <button
      type="button"
      class={`chip${here ? " chosen" : ""}`}
      aria-current={here ? "true" : undefined}
      title={`rollout ${rollout}, group ${group}: mean reward ${figure(meanReward)}`}
      onClick={() => setQuery({ rollout, group, sample: undefined })}
    >
      {rollout} <small>{meanReward.toFixed(2)}</small>
    </button>
  );
}

function Side({
  run,
  place,
  title,
}: {
  readonly run: string;
  readonly place: Place;
  readonly title: string;
}): VNode {
  const { rollout, group } = place;
  const answer = useAnswer<SamplesAnswer>(
    address(`/api/runs/${run}/rollouts/${rollout}/groups/${group}`, { detail: "brief", limit: 16 }),
  );
  return (
    <section class="card" aria-label={`${title}, rollout ${rollout}`}>
      <header>
        <h3>
          {title}: rollout {rollout}
        </h3>
        {answer.data !== undefined && <OutcomeBar outcomes={answer.data.group.outcomes} />}
      </header>
      <Show answer={answer} rows={4}>
        {({ items }) => (
          <ul class="plain-list">
            {items.map(({ index, outcome, response }) => (
              <li key={index} class="side-sample">
                <Badge state={outcome} />
                <span class="mono">{response}</span>
              </li>
            ))}
          </ul>
        )}
      </Show>
    </section>
  );
}
