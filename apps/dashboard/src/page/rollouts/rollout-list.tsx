import type { VNode } from "preact";
import type { RolloutLine } from "../../api/rollouts.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { VirtualList } from "../parts/virtual-list.tsx";

interface RolloutListProps {
  readonly run: string;
  readonly rollout: number;
  /** The earliest that is there. */
  readonly first: number;
  readonly choose: (rollout: number) => void;
}

export function RolloutList({ run, rollout, first, choose }: RolloutListProps): VNode {
  const { rollouts: revision } = useLive();
  return (
    <VirtualList<RolloutLine>
      label="Rollouts"
      source={(offset, limit) =>
        address(`/api/runs/${run}/rollouts`, { offset, limit, order: "asc" })
      }
      rowHeight={32}
      revision={revision}
      start={rollout - first}
      choose={(line) => choose(line.rollout)}
      isChosen={(line) => line.rollout === rollout}
      empty={<p class="pane-empty muted">None yet.</p>}
      row={(line) => (
        <span class="rollout-row">
          <span class="number">{line.rollout}</span>
          <span class="meter" aria-hidden="true">
            <i style={{ width: `${Math.max(0, Math.min(1, line.meanReward)) * 100}%` }} />
          </span>
          <span class="number" title="mean reward">
            {line.meanReward.toFixed(3)}
          </span>
        </span>
      )}
    />
  );
}
