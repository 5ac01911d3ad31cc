import { useEffect, useState } from "preact/hooks";
import type { VNode } from "preact";
import type { RunsAnswer, RunLine } from "../../api/run.ts";
import { go } from "../app/place.ts";
import { runPath } from "../app/sections.ts";
import { address } from "../data/answer.ts";
import { useAnswer } from "../data/use-answer.ts";
import { ago, formatDuration, plain, when } from "../data/words.ts";
import { Pager } from "../parts/pager.tsx";
import { Badge } from "../parts/badge.tsx";
import { Empty, Show } from "../parts/state.tsx";

const PAGE = 50;
/** There is no stream of the whole workspace: the list is asked for again. */
const AGAIN_MS = 5_000;

export function RunsView(): VNode {
  const [offset, setOffset] = useState(0);
  const [revision, setRevision] = useState(0);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setRevision((n) => n + 1);
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, []);
  const answer = useAnswer<RunsAnswer>(address("/api/runs", { offset, limit: PAGE }), revision, {
    sticky: true,
  });
  const toggle = (id: string): void =>
    setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen.slice(-1), id]);
  const [a, b] = chosen.toSorted();
  return (
    <div class="view">
      <div class="run-head">
        <h1>Runs</h1>
        <span class="push" />
        <button
          type="button"
          class="button"
          disabled={a === undefined || b === undefined}
          onClick={() => go(address("/compare", { a, b }))}
        >
          {b === undefined ? "Choose two to compare" : "Compare the two"}
        </button>
      </div>
      <Show answer={answer} rows={8}>
        {({ items, total }) =>
          total === 0 ? (
            <Empty title="No runs yet">
              <code>moonlight run</code> in this workspace begins one; it appears here by itself.
            </Empty>
          ) : (
            <>
              <div class="table-box" tabIndex={0} role="region" aria-label="Runs, newest first">
                <table class="table">
                  <thead>
                    <tr>
                      <th>
                        <span class="hidden">compare</span>
                      </th>
                      <th>run</th>
                      <th>state</th>
                      <th>started</th>
                      <th class="number">took</th>
                      <th>parameters</th>
                    </tr>
                  </thead>
                  <tbody>
                    {items.map((run) => (
                      <RunRow
                        key={run.id}
                        run={run}
                        chosen={chosen.includes(run.id)}
                        toggle={() => toggle(run.id)}
                      />
                    ))}
                  </tbody>
                </table>
              </div>
              <Pager
                offset={offset}
                total={total}
                page={PAGE}
                one="run"
                words={["Newer", "Older"]}
                go={setOffset}
              />
            </>
          )
        }
      </Show>
    </div>
  );
}

function RunRow({
  run,
  chosen,
  toggle,
}: {
  readonly run: RunLine;
  readonly chosen: boolean;
  readonly toggle: () => void;
}): VNode {
  const { id, status, started, seconds, params, error } = run;
  const told = Object.entries(params)
    .filter(([, value]) => !["[]", "null"].includes(plain(value)))
    .map(([name, value]) =>
      name === "set" && Array.isArray(value)
        ? value.map(plain).join("  ")
        : `${name}=${plain(value)}`,
    );
  return (
    <tr>
      <td>
        <input type="checkbox" checked={chosen} onChange={toggle} aria-label={`Compare ${id}`} />
      </td>
      <td>
        <a class="mono" href={runPath(id)}>
          {id}
        </a>
      </td>
      <td>
        <Badge state={status} />
        {error !== undefined && <code class="small"> {error.code}</code>}
      </td>
      <td title={when(started)}>{ago(started)}</td>
      <td class="number">{formatDuration(seconds)}</td>
      <td class="mono small clip" title={told.join("\n")}>
        {told.join("  ")}
      </td>
    </tr>
  );
}
