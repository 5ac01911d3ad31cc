import { formatPercent, html, htmlDocument, trusted, type Html } from "@moonlight-rl/core";
import { OUTCOMES } from "../result/graded-sample.ts";
import { renderComparison } from "../result/render-summary.ts";
import type { Comparison, EvalResult } from "../result/result.ts";
import { histogramChart } from "./histogram-chart.ts";
import { lengthHistogram } from "./length-histogram.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page-style.ts";
import { shareRight } from "./problem-table.ts";
import type { ReportSide } from "./report-data.ts";

/** A result with the name that the page gives it. */
export interface TitledSide extends ReportSide {
  readonly title: string;
}

/** One result, or two with their comparison, as one HTML document without any outside reference. */
export function reportPage(sides: readonly TitledSide[], comparison?: Comparison): string {
  const [first] = sides as readonly [TitledSide];
  const title = sides.map((side) => side.title).join(" → ");
  return htmlDocument({
    title: `${first.result.name}: ${title}`,
    style: PAGE_STYLE,
    script: PAGE_SCRIPT,
    data: trusted(embed(sides)),
    main: html`<h1>${first.result.name}: ${title}</h1>
          <p class="soft">${subtitle(first.result)}</p>
          ${comparison === undefined ? undefined : html`<p>${renderComparison(comparison)}.</p>`}
          ${figures(sides)} ${outcomes(sides)} ${lengths(sides)} ${problems(sides)} ${browser(sides)}
          <footer>
            Intervals are of 95 % and over problems: more samples of the same problems do not make them
            narrower than the problems allow. maj@k and cons@k: the most frequent of k answers is right;
            without an answer a sample does not vote in maj@k and votes for nothing in cons@k. Written by
            Moonlight RL.
          </footer>`,
  });
}

function subtitle({ settings, problems, samples }: EvalResult): string {
  const { rmType, temperature, topP, maxResponseLen, seed } = settings;
  return `${problems} problems, ${samples} samples, grader ${rmType}, temperature ${temperature}, top-p ${topP}, at most ${maxResponseLen} tokens, seed ${seed}`;
}

function figures(sides: readonly TitledSide[]): Html {
  const names = [...new Set(sides.flatMap(({ result }) => Object.keys(result.figures)))];
  return html`<h2>Figures</h2>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          ${sides.map(({ title }) => html`<th class="n">${title}</th><th class="n">95 % (t)</th><th class="n">95 % (bootstrap)</th>`)}
        </tr>
        ${names.map(
          (name) =>
            html`<tr>
              <td>${name}</td>
              ${sides.map(({ result }) => {
                const figure = result.figures[name];
                return html`<td class="n">${figure && formatPercent(figure.mean)}</td
                  ><td class="n">${figure && range(figure.interval)}</td
                  ><td class="n">${figure?.bootstrap ? range(figure.bootstrap) : ""}</td>`;
              })}
            </tr>`,
        )}
      </table>
    </div>`;
}

function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${formatPercent(low)} – ${formatPercent(high)}`;
}

function outcomes(sides: readonly TitledSide[]): Html {
  return html`<h2>What became of the samples</h2>
    <div class="scroll">
      <table>
        <tr>
          <th></th>
          ${sides.map(({ title }) => html`<th class="n">${title}</th>`)}
        </tr>
        ${OUTCOMES.map(
          (outcome) =>
            html`<tr>
              <td>${outcome.replaceAll("_", " ")}</td>
              ${sides.map(({ result }) => html`<td class="n">${formatPercent(result.outcomes[outcome])}</td>`)}
            </tr>`,
        )}
        <tr>
          <td>cut off at the limit</td>
          ${sides.map(({ result }) => html`<td class="n">${formatPercent(result.truncatedShare)}</td>`)}
        </tr>
      </table>
    </div>`;
}

function lengths(sides: readonly TitledSide[]): Html {
  return html`<h2>Lengths of responses</h2>
    ${sides.map(({ title, result, lengths: list }) => {
      const { unit, mean, median, p95 } = result.responseLength;
      return html`<div>
        <p class="soft">
          ${title}: mean ${mean.toFixed(1)}, median ${median}, 95 % below ${p95.toFixed(0)} ${unit};
          green right, red wrong
        </p>
        ${histogramChart(lengthHistogram(list), unit)}
      </div>`;
    })}`;
}

function problems(sides: readonly TitledSide[]): Html {
  const [first, second] = sides;
  return html`<h2>Problems</h2>
    <div class="scroll">
      <table id="problems">
        <thead>
          <tr>
            <th data-sort>problem</th>
            <th data-sort>prompt</th>
            <th data-sort>label</th>
            ${sides.map(
              ({ title }) =>
                html`<th class="n" data-sort>${title} right</th><th class="n" data-sort>tokens</th>`,
            )}
            ${second === undefined ? undefined : html`<th class="n" data-sort>difference</th>`}
          </tr>
        </thead>
        <tbody>
          ${first?.problems.map((row, i) => {
            const other = second?.problems[i];
            const difference = other && shareRight(other) - shareRight(row);
            return html`<tr data-problem="${i}">
              <td>${row.problem}</td>
              <td class="prompt">${row.prompt.slice(0, 160)}</td>
              <td><code>${row.label.slice(0, 60)}</code></td>
              ${sides.map((side) => {
                const one = side.problems[i];
                if (one === undefined) return undefined;
                return html`<td class="n" data-value="${shareRight(one)}">${one.correct} of ${one.n}</td
                  ><td class="n">${one.meanTokens?.toFixed(1)}</td>`;
              })}
              ${
                difference === undefined
                  ? undefined
                  : html`<td class="n" data-value="${difference}">
                      ${`${difference > 0 ? "+" : ""}${formatPercent(difference)}`}
                    </td>`
              }
            </tr>`;
          })}
        </tbody>
      </table>
    </div>`;
}

function browser(sides: readonly TitledSide[]): Html {
  const leftOut = sides.reduce((total, side) => total + side.leftOut, 0);
  return html`<h2>Samples</h2>
    <p class="soft">
      Choose a problem above. The graded answer is highlighted.
      <select id="outcome">
        <option value="">all outcomes</option>
        ${OUTCOMES.map((outcome) => html`<option value="${outcome}">${outcome.replaceAll("_", " ")}</option>`)}
      </select>
      ${leftOut === 0 ? undefined : `${leftOut} responses are not in this page: it would be too large. samples.ndjson has them.`}
    </p>
    <div id="samples"></div>`;
}

/** JSON in a script element: no character of it can end the element. */
function embed(sides: readonly TitledSide[]): string {
  const data = { sides: sides.map(({ title, problems }) => ({ title, problems })) };
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
