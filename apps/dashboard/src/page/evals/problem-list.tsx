import type { VNode } from "preact";
import type { EvalSet, ProblemsAnswer } from "../../api/evals.ts";
import { setQuery } from "../app/place.ts";
import { address } from "../data/answer.ts";
import { count } from "../data/words.ts";
import { OutcomeBar } from "../parts/outcome-bar.tsx";
import { VirtualList } from "../parts/virtual-list.tsx";

type Problem = ProblemsAnswer["items"][number];

interface ProblemListProps {
  readonly run: string;
  readonly stage: string;
  readonly set: EvalSet;
  readonly query: URLSearchParams;
}

export const setAddress = (run: string, stage: string, set: string): string =>
  `/api/runs/${run}/evals/${encodeURIComponent(stage)}/${encodeURIComponent(set)}`;

export function ProblemList({ run, stage, set, query }: ProblemListProps): VNode {
  const chosen = query.get("problem");
  const paired = set.comparison !== undefined;
  const [sort, order = "asc"] = (query.get("sort") ?? "problem").split(".");
  return (
    <>
      <div class="pane-head">
        <h2>{count(set.problems, "problem")}</h2>
        <label>
          <span class="hidden">Order</span>
          <select
            value={query.get("sort") ?? "problem"}
            onChange={(event) => setQuery({ sort: event.currentTarget.value })}
          >
            <option value="problem">in order</option>
            <option value="correct.asc">hardest first</option>
            <option value="correct.desc">easiest first</option>
            {paired && <option value="difference.asc">lost most</option>}
            {paired && <option value="difference.desc">gained most</option>}
          </select>
        </label>
        {chosen !== null && (
          <button
            type="button"
            class="button quiet small"
            onClick={() => setQuery({ problem: undefined })}
          >
            All samples
          </button>
        )}
      </div>
      <VirtualList<Problem>
        label="Problems"
        source={(offset, limit) =>
          address(`${setAddress(run, stage, set.name)}/problems`, { sort, order, offset, limit })
        }
        rowHeight={54}
        choose={({ problem }) => setQuery({ problem })}
        isChosen={({ problem }) => String(problem) === chosen}
        empty={<p class="pane-empty muted">No problems.</p>}
        row={(problem) => <ProblemRow problem={problem} />}
      />
    </>
  );
}

function ProblemRow({ problem }: { readonly problem: Problem }): VNode {
  const { question, label, n, correct, baseline, outcomes } = problem;
  const gained = baseline === undefined ? 0 : correct / n - baseline.correct / baseline.n;
  return (
    <span class="group-row">
      <span class="clip">{question}</span>
      <span class="group-figures">
        <span class="muted">#{problem.problem}</span>
        <OutcomeBar outcomes={outcomes} />
        <span class={gained > 0 ? "better" : gained < 0 ? "worse" : ""}>
          {correct}/{n}
        </span>
        {baseline !== undefined && (
          <span class="muted">
            was {baseline.correct}/{baseline.n}
          </span>
        )}
        <span class="muted clip">answer {label}</span>
      </span>
    </span>
  );
}
