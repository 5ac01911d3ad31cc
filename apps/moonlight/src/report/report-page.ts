import {
  formatDuration,
  formatPercent,
  html,
  htmlDocument,
  trusted,
  type Html,
} from "@moonlight-rl/core";
import { lineChart, type LineChartOptions } from "./line-chart.ts";
import { PAGE_SCRIPT, PAGE_STYLE } from "./page-style.ts";
import type { ReportData, ReportEvaluation, ReportSample } from "./report-data.ts";
import { shareInterval } from "./share-interval.ts";
import { stagesSection } from "./stages-section.ts";

/** The whole report as one HTML document without any outside reference. */
export function reportPage(data: ReportData): string {
  return htmlDocument({
    title: `${data.pipeline} ${data.run}`,
    style: PAGE_STYLE,
    script: PAGE_SCRIPT,
    main: html`<h1>${headline(data)}</h1>
          <div class="soft">
            Run <code>${data.run}</code> of pipeline ${data.pipeline},
            ${data.started.replace("T", " ").slice(0, 19)}
            UTC${data.seconds === undefined ? "" : `, ${formatDuration(data.seconds)}`}
          </div>
          ${verdict(data)} ${warnings(data)}
          <h2>Training</h2>
          <div class="charts">${charts(data)}</div>
          ${beforeAndAfter(data)} ${rollouts(data)} ${stagesSection(data)} ${recipe(data)}
          <footer>
            Accuracy is the mean over problems of the share of right samples. Its interval is over
            problems, not samples; the test compares the policies problem by problem. Written by
            Moonlight RL.
          </footer>`,
  });
}

function headline({ base, trained, comparison, evaluationName }: ReportData): string {
  if (base === undefined || trained === undefined) return `Training report: ${evaluationName}`;
  const significant = comparison !== undefined && comparison.pValue < 0.05;
  const verb = !significant
    ? "did not measurably change"
    : trained.accuracy > base.accuracy
      ? "improved"
      : "worsened";
  return `Training ${verb} accuracy on ${evaluationName}: ${formatPercent(base.accuracy)} → ${formatPercent(trained.accuracy)}`;
}

function verdict({ base, trained, comparison }: ReportData): Html {
  return html`<section class="verdict">
    ${tile("Base policy", base)}${tile("Trained policy", trained)}${
      comparison === undefined
        ? undefined
        : html`<div class="tile">
              <small>Paired difference</small><b>${signedPoints(comparison.difference)}</b
              ><small
                >95 % interval ${signedPoints(comparison.interval[0])} to
                ${signedPoints(comparison.interval[1])}</small
              >
            </div>
            <div class="tile">
              <small>Paired test over problems</small><b>p ${formatP(comparison.pValue)}</b
              ><small
                >${comparison.pValue < 0.001 ? "not explained by chance" : comparison.pValue < 0.05 ? "unlikely to be chance" : "may well be chance"}</small
              >
            </div>`
    }
  </section>`;
}

function tile(title: string, evaluation: ReportEvaluation | undefined): Html | undefined {
  if (evaluation === undefined) return undefined;
  const [low, high] = evaluation.interval;
  return html`<div class="tile">
    <small>${title}</small><b>${formatPercent(evaluation.accuracy)}</b
    ><small
      >95 % interval ${formatPercent(low)} to ${formatPercent(high)}<br />${evaluation.problems}
      problems × ${evaluation.samplesPerProblem} samples, answer found in
      ${formatPercent(evaluation.closedShare)}</small
    >
  </div>`;
}

/** Metric names are the reference framework's. */
const CHARTS: readonly (Omit<LineChartOptions, "points"> & { readonly metric: string })[] = [
  {
    metric: "rollout/raw_reward",
    title: "Reward",
    caption: "Mean reward of the sampled answers that were trained on",
    format: formatPercent,
    smoothing: 0.8,
  },
  {
    metric: "eval",
    title: "Evaluation",
    caption: "Accuracy on held-out problems while training, with 95 % intervals",
    format: formatPercent,
  },
  {
    metric: "rollout/response_len/mean",
    title: "Response length",
    caption: "Tokens per sampled answer, mean",
    format: short,
    smoothing: 0.8,
  },
  {
    metric: "train/kl_loss",
    title: "KL to the reference",
    caption: "How far the policy has moved from where it began, nats per token",
    format: short,
    smoothing: 0.8,
    include: [0],
  },
  {
    metric: "train/pg_clipfrac",
    title: "Clip fraction",
    caption: "Share of tokens whose ratio left the clip range",
    format: formatPercent,
    smoothing: 0.8,
    include: [0],
  },
  {
    metric: "train/grad_norm",
    title: "Gradient norm",
    caption: "Before clipping",
    format: short,
    smoothing: 0.8,
    include: [0],
  },
];

function charts({ curves, evaluationName, base }: ReportData): Html[] {
  const problems = base?.problems;
  return CHARTS.map(({ metric, ...options }) => {
    if (metric !== "eval") return lineChart({ ...options, points: curves.get(metric) ?? [] });
    const points = (curves.get(`eval/${evaluationName}`) ?? []).map((point) => ({
      ...point,
      ...(problems === undefined ? {} : { interval: shareInterval(point.value, problems) }),
    }));
    return lineChart({ ...options, points });
  });
}

function warnings({ warnings: list }: ReportData): Html | undefined {
  if (list.length === 0) return undefined;
  return html`<h2>Warnings</h2>
    <ul>
      ${list.map(({ code, message }) => html`<li><code>${code}</code> ${message}</li>`)}
    </ul>`;
}

const SHOWN = 24;

function beforeAndAfter({ base, trained }: ReportData): Html | undefined {
  if (base === undefined || trained === undefined) return undefined;
  const after = new Map(trained.samples.map((sample) => [sample.prompt, sample]));
  const pairs = base.samples.flatMap((sample) => {
    const other = after.get(sample.prompt);
    return other === undefined ? [] : [[sample, other] as const];
  });
  return html`<h2>The same problems before and after</h2>
    <div class="scroll">
      <table>
        <tr>
          <th scope="col">Problem</th>
          <th scope="col">Right answer</th>
          <th scope="col">Base policy</th>
          <th scope="col">Trained policy</th>
        </tr>
        ${pairs.slice(0, SHOWN).map(
          ([before, now]) =>
            html`<tr>
              <td><code>${before.prompt}</code></td>
              <td><code>${before.label}</code></td>
              <td>${answer(before)}</td>
              <td>${answer(now)}</td>
            </tr>`,
        )}
      </table>
    </div>
    <p class="soft">
      The first sample of each of the first ${Math.min(SHOWN, pairs.length)} problems, not a
      selection.
    </p>`;
}

function answer(sample: ReportSample): Html {
  return html`<code>${sample.response}</code>
    <span class="${sample.reward > 0 ? "yes" : "no"}"
      >${sample.reward > 0 ? "✓" : "✗"} ${sample.outcome.replaceAll("_", " ")}</span
    >`;
}

function rollouts({ rollouts: samples }: ReportData): Html | undefined {
  if (samples.length === 0) return undefined;
  const steps = [...new Set(samples.map(({ step }) => step))].sort((a, b) => a - b);
  return html`<h2>Sample rollouts</h2>
    ${steps.map((step, i) => {
      const group = samples.filter((sample) => sample.step === step);
      return html`<details ${trusted(i === 0 || i === steps.length - 1 ? "open" : "")}>
        <summary>Rollout ${step}</summary>
        <div class="scroll">
          <table>
            <tr>
              <th scope="col">Prompt</th>
              <th scope="col">Right answer</th>
              <th scope="col">Response</th>
              <th scope="col" class="n">Reward</th>
            </tr>
            ${group.map(
              (sample) =>
                html`<tr>
                  <td><code>${sample.prompt}</code></td>
                  <td><code>${sample.label}</code></td>
                  <td>${answer(sample)}</td>
                  <td class="n">${sample.reward}</td>
                </tr>`,
            )}
          </table>
        </div>
      </details>`;
    })}`;
}

function recipe({ recipe: fields, environment }: ReportData): Html {
  return html`<h2>Recipe and environment</h2>
    <details>
      <summary>${fields.length} recipe fields and where each value came from</summary>
      <div class="scroll">
        <table>
          <tr>
            <th scope="col">Field</th>
            <th scope="col">Value</th>
            <th scope="col">Source</th>
          </tr>
          ${fields.map(
            ({ field, value, source }) =>
              html`<tr>
                <td><code>${field}</code></td>
                <td><code>${value}</code></td>
                <td>${source}</td>
              </tr>`,
          )}
        </table>
      </div>
    </details>
    <details>
      <summary>Environment</summary>
      <table>
        ${Object.entries(environment).map(
          ([name, value]) =>
            html`<tr>
              <th scope="row">${name}</th>
              <td><code>${value}</code></td>
            </tr>`,
        )}
      </table>
    </details>`;
}

function signedPoints(share: number): string {
  return `${share >= 0 ? "+" : "−"}${Math.abs(share * 100).toFixed(1)} pp`;
}

function formatP(p: number): string {
  return p < 0.0001 ? "< 0.0001" : `= ${p.toPrecision(2)}`;
}

function short(value: number): string {
  return value === 0
    ? "0"
    : Math.abs(value) >= 100
      ? value.toFixed(0)
      : String(Number(value.toPrecision(3)));
}
