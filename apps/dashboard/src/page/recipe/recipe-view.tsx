import { useMemo } from "preact/hooks";
import type { VNode } from "preact";
import type { RecipeAnswer } from "../../api/recipe.ts";
import { setQuery } from "../app/place.ts";
import { runPath } from "../app/sections.ts";
import { address } from "../data/answer.ts";
import { useLive } from "../data/live.ts";
import { useAnswer } from "../data/use-answer.ts";
import { count, plain, short } from "../data/words.ts";
import { Choice, SearchField } from "../parts/filters.tsx";
import { RunPicker } from "../parts/run-picker.tsx";
import { Empty, Show } from "../parts/state.tsx";

interface RecipeViewProps {
  readonly run: string;
  readonly query: URLSearchParams;
}

const SHOWN = [
  ["", "all settings"],
  ["set", "only what was chosen"],
] as const;

type Field = RecipeAnswer["fields"][number];

/** Every setting with the layer that set it, and where another run's differ. */
export function RecipeView({ run, query }: RecipeViewProps): VNode {
  const { state } = useLive();
  const against = query.get("against") ?? undefined;
  const search = (query.get("search") ?? "").toLowerCase();
  const only = query.get("only") ?? "";
  const answer = useAnswer<RecipeAnswer>(address(`/api/runs/${run}/recipe`, { against }), state, {
    sticky: true,
  });
  const groups = useMemo(
    () => groupFields(answer.data?.fields ?? [], search, only),
    [answer.data, search, only],
  );
  const differing = answer.data?.fields.filter(({ other }) => other !== undefined).length ?? 0;
  return (
    <>
      <div class="toolbar" role="group" aria-label="Which settings">
        <SearchField
          label="Search settings"
          value={query.get("search") ?? undefined}
          change={(text) => setQuery({ search: text })}
        />
        <RunPicker
          label="Against"
          none="no other run"
          value={against}
          except={[run]}
          choose={(other) => setQuery({ against: other, only: other === "" ? "" : "differing" })}
        />
        <Choice
          label="Show"
          value={only}
          options={against === undefined ? SHOWN : [...SHOWN, ["differing", "only what differs"]]}
          change={(value) => setQuery({ only: value })}
        />
        {against !== undefined && answer.data !== undefined && (
          <span class="muted">
            {differing === 0 ? "no setting differs" : `${count(differing, "setting")} differ`}
          </span>
        )}
        {answer.data?.digest !== null && answer.data !== undefined && (
          <a class="push" href={`${runPath(run, "artifacts")}?artifact=${answer.data.digest}`}>
            recipe {short(answer.data.digest)}
          </a>
        )}
      </div>
      <Show answer={answer} rows={10}>
        {({ digest, missing }) =>
          digest === null ? (
            <Empty title="No recipe yet">It is there once rollout-config has ended.</Empty>
          ) : (
            <>
              {groups.length === 0 && <Empty title="No setting fits" />}
              {groups.map(([title, fields]) => (
                <section key={title} class="recipe-group" aria-label={title}>
                  <h2>{title}</h2>
                  <FieldTable fields={fields} compared={against !== undefined} />
                </section>
              ))}
              {missing.length > 0 && (
                <section class="recipe-group" aria-label="Only in the other run">
                  <h2>Only in the other run</h2>
                  <FieldTable fields={missing} compared={false} />
                </section>
              )}
            </>
          )
        }
      </Show>
    </>
  );
}

function FieldTable({
  fields,
  compared,
}: {
  readonly fields: readonly Field[];
  readonly compared: boolean;
}): VNode {
  return (
    <div class="table-box">
      <table class="table tight recipe">
        <thead>
          <tr>
            <th>setting</th>
            <th>value</th>
            <th>set by</th>
            {compared && <th>where the other run differs</th>}
          </tr>
        </thead>
        <tbody>
          {fields.map(({ field, value, source, other }) => (
            <tr key={field} class={other === undefined ? "" : "differs"}>
              <th scope="row" class="mono">
                {field}
              </th>
              <td class="mono value">{plain(value)}</td>
              <td>
                <span class={isChosen(source) ? "chip chosen" : "muted"}>{source || "—"}</span>
              </td>
              {compared && (
                <td class="mono value">
                  {other !== undefined && (
                    <>
                      {other.value === undefined ? "has no such setting" : plain(other.value)}{" "}
                      <span class="muted">{other.source}</span>
                    </>
                  )}
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Whether somebody chose it for this run: neither a default nor the profile. */
function isChosen(source: string): boolean {
  return source !== "" && !source.startsWith("default") && !source.startsWith("profile");
}

function groupFields(
  fields: readonly Field[],
  search: string,
  only: string,
): [string, readonly Field[]][] {
  const groups = new Map<string, Field[]>();
  for (const field of fields) {
    if (only === "differing" && field.other === undefined) continue;
    if (only === "set" && !isChosen(field.source)) continue;
    if (!`${field.field} ${plain(field.value)} ${field.source}`.toLowerCase().includes(search))
      continue;
    const title = field.field.includes(".") ? (field.field.split(".", 1)[0] ?? "") : "recipe";
    const group = groups.get(title);
    if (group === undefined) groups.set(title, [field]);
    else group.push(field);
  }
  return [...groups];
}
