import { useEffect, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { GroupsAnswer, RolloutsAnswer } from "../../api/rollouts.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count } from "../data/words.ts";
import { Empty, Show } from "../parts/state.tsx";
import { GroupList } from "./group-list.tsx";
import { GroupPane } from "./group-pane.tsx";
import { RolloutList } from "./rollout-list.tsx";

interface RolloutsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
}

const whole = (text: string | null): number | undefined =>
  text !== null && /^\d+$/.test(text) ? Number(text) : undefined;

/** Rollouts, the groups of the chosen one, and the samples of the chosen group, from left to right. */
export function RolloutsView({ run, query }: RolloutsViewProps): VNode {
  const { rollouts: revision } = useLive();
  const newest = useAnswer<RolloutsAnswer>(
    address(`/api/runs/${run}/rollouts`, { limit: 1 }),
    revision,
    { sticky: true },
  );
  return (
    <Show answer={newest} rows={8}>
      {({ total, items, source }) => {
        const [last] = items;
        if (last === undefined)
          return (
            <Empty title="No rollouts yet">
              The first one is here when training has sampled it; this page follows.
            </Empty>
          );
        const first = last.rollout - total + 1;
        return (
          <>
            {source === "shown" && (
              <p class="note">
                This run kept only the samples that its trainer showed, without tokens.
              </p>
            )}
            <Browser run={run} query={query} first={first} last={last.rollout} />
          </>
        );
      }}
    </Show>
  );
}

interface BrowserProps extends RolloutsViewProps {
  readonly first: number;
  readonly last: number;
}

function Browser({ run, query, first, last }: BrowserProps): VNode {
  const pinned = whole(query.get("rollout"));
  const rollout = Math.max(first, Math.min(last, pinned ?? last));
  const [groups, setGroups] = useState<GroupsAnswer | undefined>(undefined);
  const outcome = query.get("outcome") ?? undefined;
  const fresh = groups?.rollout.rollout === rollout ? groups : undefined;
  const group = whole(query.get("group")) ?? fresh?.items[0]?.group;
  const choose = (next: number): void =>
    setQuery({ rollout: next, group: undefined, sample: undefined });
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement)
        return;
      if (event.key === "[" && rollout > first) choose(rollout - 1);
      if (event.key === "]" && rollout < last) choose(rollout + 1);
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [rollout, first, last]);
  return (
    <div class="browser">
      <section class="pane" aria-label="Rollouts">
        <div class="pane-head">
          <h2>{count(last - first + 1, "rollout")}</h2>
          {pinned !== undefined && pinned < last && (
            <button
              type="button"
              class="button quiet small"
              onClick={() => setQuery({ rollout: undefined, group: undefined, sample: undefined })}
            >
              Newest
            </button>
          )}
        </div>
        <RolloutList run={run} rollout={rollout} first={first} choose={choose} />
      </section>
      <section class="pane" aria-label="Groups">
        <GroupList
          run={run}
          rollout={rollout}
          query={query}
          group={group}
          about={fresh?.rollout}
          onAnswer={setGroups}
        />
      </section>
      <section class="pane wide" aria-label="Samples">
        {group === undefined ? (
          <p class="pane-empty muted">Choose a group.</p>
        ) : (
          <GroupPane
            key={`${rollout} ${group}`}
            run={run}
            rollout={rollout}
            group={group}
            line={fresh?.items.find((one) => one.group === group)}
            outcome={outcome}
            sample={whole(query.get("sample"))}
          />
        )}
      </section>
    </div>
  );
}
