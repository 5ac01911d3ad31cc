import type { VNode } from "preact";
import type { CompareAnswer } from "../../api/compare.ts";
import { setQuery } from "../app/place.ts";
import { runPath } from "../app/sections.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { RunPicker } from "../parts/run-picker.tsx";
import { Empty, Show } from "../parts/state.tsx";
import { CauseCard } from "./cause-card.tsx";
import { CompareTables } from "./compare-tables.tsx";

/** Two runs side by side; the first cause that sets them apart comes first. */
export function CompareView({ query }: { readonly query: URLSearchParams }): VNode {
  const a = query.get("a") ?? undefined;
  const b = query.get("b") ?? undefined;
  const answer = useAnswer<CompareAnswer>(
    a === undefined || b === undefined ? undefined : address("/api/compare", { a, b }),
  );
  return (
    <div class="view">
      <div class="run-head">
        <h1>Compare</h1>
      </div>
      <div class="toolbar" role="group" aria-label="Which runs">
        <RunPicker label="A" none="choose a run" value={a} choose={(run) => setQuery({ a: run })} />
        <RunPicker label="B" none="choose a run" value={b} choose={(run) => setQuery({ b: run })} />
        <button type="button" class="button" onClick={() => setQuery({ a: b, b: a })}>
          Swap
        </button>
        {a !== undefined && b !== undefined && (
          <>
            <a class="push" href={`${runPath(a, "metrics")}?with=${encodeURIComponent(b)}`}>
              curves over one another
            </a>
            <a href={`${runPath(b, "recipe")}?against=${encodeURIComponent(a)}&only=differing`}>
              settings that differ
            </a>
          </>
        )}
      </div>
      {a === undefined || b === undefined ? (
        <Empty title="Choose two runs">
          The page then says what set them apart first: a setting, the data, the code, or chance.
        </Empty>
      ) : (
        <Show answer={answer} rows={8}>
          {(data) => (
            <>
              <CauseCard compared={data} />
              <CompareTables compared={data} />
            </>
          )}
        </Show>
      )}
    </div>
  );
}
