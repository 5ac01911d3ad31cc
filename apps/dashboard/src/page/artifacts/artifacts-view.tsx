import type { VNode } from "preact";
import type { ArtifactsAnswer } from "../../api/artifacts.ts";
import { setQuery } from "../app/place.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count, formatBytes, short } from "../data/words.ts";
import { Empty, Show } from "../parts/state.tsx";
import { ArtifactDetails } from "./artifact-details.tsx";

interface ArtifactsViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
}

/** What the stages took and made; the chosen one with its files and everything it was made from. */
export function ArtifactsView({ run, query }: ArtifactsViewProps): VNode {
  const { state } = useLive();
  const answer = useAnswer<ArtifactsAnswer>(`/api/runs/${run}/artifacts`, state, { sticky: true });
  const chosen = query.get("artifact") ?? undefined;
  return (
    <Show answer={answer} rows={8}>
      {({ artifacts }) =>
        artifacts.length === 0 ? (
          <Empty title="No artifacts yet">The first are there when a stage has ended.</Empty>
        ) : (
          <>
            <div class="table-box" tabIndex={0} role="region" aria-label="Artifacts of the run">
              <table class="table">
                <thead>
                  <tr>
                    <th>artifact</th>
                    <th>kind</th>
                    <th>made by</th>
                    <th>used by</th>
                    <th class="number">files</th>
                    <th class="number">size</th>
                  </tr>
                </thead>
                <tbody>
                  {artifacts.map(({ digest, kind, stage, usedBy, files, bytes, present }) => (
                    <tr key={digest} class={digest === chosen ? "chosen" : ""}>
                      <td>
                        <button
                          type="button"
                          class="row-button mono"
                          aria-pressed={digest === chosen}
                          onClick={() => setQuery({ artifact: digest === chosen ? "" : digest })}
                        >
                          {short(digest)}
                        </button>
                      </td>
                      <td>{kind}</td>
                      <td>{stage ?? <span class="muted">from outside</span>}</td>
                      <td>{usedBy.join(", ")}</td>
                      <td class="number">{present ? count(files ?? 0, "file") : "gone"}</td>
                      <td class="number">{bytes === undefined ? "—" : formatBytes(bytes)}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
            {chosen === undefined ? (
              <p class="muted hint">
                Choose an artifact for its files with their digests, and what it was made from.
              </p>
            ) : (
              <ArtifactDetails key={chosen} digest={chosen} />
            )}
          </>
        )
      }
    </Show>
  );
}
