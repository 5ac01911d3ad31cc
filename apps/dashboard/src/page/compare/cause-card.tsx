import type { VNode } from "preact";
import type { CompareAnswer } from "../../api/compare.ts";
import { count } from "../data/words.ts";

type Cause = CompareAnswer["causes"][number];

const KINDS: Readonly<Record<Cause["kind"], string>> = {
  recipe: "a setting",
  input: "an input",
  data: "the data",
  code: "the code",
  environment: "chance, or the environment",
  missing: "one did not get that far",
};

/** The answer to "why are they different", then all further causes. */
export function CauseCard({ compared }: { readonly compared: CompareAnswer }): VNode {
  const { first, causes } = compared;
  if (first === undefined)
    return (
      <section class="card first-cause" aria-label="First cause">
        <h2>Nothing that runs record sets them apart</h2>
      </section>
    );
  return (
    <>
      <section class="card first-cause" aria-label="First cause">
        <p class="muted">
          The first cause is {KINDS[first.kind]}, in the stage {first.stage}
        </p>
        <h2 class="mono">{first.what}</h2>
        <Sides cause={first} />
      </section>
      {causes.length > 1 && (
        <details open={causes.length <= 12}>
          <summary>{count(causes.length, "cause")} in the order of the stages</summary>
          <div class="table-box">
            <table class="table">
              <thead>
                <tr>
                  <th>stage</th>
                  <th>cause</th>
                  <th>what</th>
                  <th>A</th>
                  <th>B</th>
                </tr>
              </thead>
              <tbody>
                {causes.map(({ stage, kind, what, a, b }) => (
                  <tr key={`${stage} ${kind} ${what}`}>
                    <td>{stage}</td>
                    <td>{KINDS[kind]}</td>
                    <td class="mono">{what}</td>
                    <td class="mono value">{a ?? "—"}</td>
                    <td class="mono value">{b ?? "—"}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

function Sides({ cause }: { readonly cause: Cause }): VNode {
  return (
    <p class="sides">
      <span>
        <b>A</b> <code>{cause.a ?? "has none"}</code>
      </span>
      <span>
        <b>B</b> <code>{cause.b ?? "has none"}</code>
      </span>
      {cause.source !== undefined && <span class="muted">{cause.source}</span>}
    </p>
  );
}
