import { formatDuration, html, type Html } from "@moonlight-rl/core";
import type { ReportArtifact, ReportData } from "./report-data.ts";

/** Stages with what each was made from and what it made: every artifact links to the stage that made it, back to what was fetched. */
export function stagesSection({ stages }: ReportData): Html {
  const made = new Set(stages.flatMap(({ artifacts }) => artifacts.map(({ digest }) => digest)));
  return html`<h2>Stages and lineage</h2>
    <div class="scroll">
      <table>
        <tr>
          <th scope="col">Stage</th>
          <th scope="col">State</th>
          <th scope="col" class="n">Time</th>
          <th scope="col">Made from</th>
          <th scope="col">Made</th>
        </tr>
        ${stages.map(
          ({ name, state, seconds, inputs, artifacts }) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td>${state}</td>
              <td class="n">${seconds === undefined ? "" : formatDuration(seconds)}</td>
              <td>${inputs.map((artifact) => inputLine(artifact, made))}</td>
              <td>${artifacts.map(madeLine)}</td>
            </tr>`,
        )}
      </table>
    </div>`;
}

function inputLine(
  { kind, digest }: Pick<ReportArtifact, "kind" | "digest">,
  made: ReadonlySet<string>,
): Html {
  const short = html`<code>${digest.slice(0, 12)}</code>`;
  return html`<div>
    ${kind} ${made.has(digest) ? html`<a href="#${anchor(digest)}">${short}</a>` : short}
  </div>`;
}

function madeLine({ kind, digest, origin }: ReportArtifact): Html {
  return html`<div id="${anchor(digest)}">
    ${kind} <code>${digest.slice(0, 12)}</code>${origin === undefined ? undefined : html`<br /><small>${origin}</small>`}
  </div>`;
}

function anchor(digest: string): string {
  return `made-${digest.slice(0, 16)}`;
}
