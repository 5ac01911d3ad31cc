import { formatPercent, formatTable } from "@moonlight-rl/core";
import type { Comparison, EvalResult } from "./result.ts";

export interface SummaryRow {
  /** Name of the row, such as "base" or "trained". */
  readonly title: string;
  readonly result: EvalResult;
}

/** An aligned plain-text table of results, and a line on each comparison. */
export function renderSummary(rows: readonly SummaryRow[]): string {
  const ks = [...new Set(rows.flatMap(({ result }) => Object.keys(result.passAtK)))]
    .map(Number)
    .sort((a, b) => a - b)
    .filter((k) => k > 1);
  const table = formatTable(
    [
      { title: "eval" },
      { title: "accuracy", align: "right" },
      { title: "95 % interval", align: "right" },
      ...ks.map((k) => ({ title: `pass@${k}`, align: "right" as const })),
      { title: "answered", align: "right" },
      { title: "cut off", align: "right" },
      { title: "tokens", align: "right" },
      { title: "samples", align: "right" },
    ],
    rows.map(({ title, result }) => {
      const { low, high } = result.accuracy.interval;
      return [
        title,
        formatPercent(result.accuracy.mean),
        `${points(low)} – ${points(high)} %`,
        ...ks.map((k) => share(result.passAtK[String(k)])),
        formatPercent(result.closedShare),
        formatPercent(result.truncatedShare),
        result.responseLength.mean.toFixed(1),
        `${result.problems} × ${result.settings.nSamplesPerPrompt}`,
      ];
    }),
  );
  const comparisons = rows.flatMap(({ title, result }) =>
    result.comparison === undefined ? [] : [`${title}: ${renderComparison(result.comparison)}`],
  );
  return [table, ...comparisons].join("\n");
}

/** "+34.2 points (95 % interval +30.1 to +38.3), p ≤ 0.00001, paired over 400 problems". */
export function renderComparison(comparison: Comparison): string {
  const { difference, interval, problems, minimumDetectable } = comparison;
  const range = `95 % interval ${signed(interval.low)} to ${signed(interval.high)}`;
  const power =
    minimumDetectable === null || comparison.pValue < 0.05
      ? ""
      : `; a true difference below ${points(minimumDetectable)} points is likely to be missed`;
  return `${signed(difference)} points (${range}), ${renderP(comparison)}, paired over ${problems} problems${power}`;
}

/** A p-value at the limit of a sampled test says so: "p ≤ 0.00001". */
export function renderP(comparison: Pick<Comparison, "pValue" | "resolution" | "test">): string {
  const { pValue, resolution, test } = comparison;
  if (pValue < 1e-6) return "p < 0.000001";
  const limit = test === "sign-flip-monte-carlo" && pValue <= resolution * (1 + 1e-12);
  const digits = Math.min(6, Math.max(2, Math.ceil(-Math.log10(pValue)) + (limit ? 0 : 1)));
  return `p ${limit ? "≤" : "="} ${pValue.toFixed(digits)}`;
}

function share(value: number | undefined): string {
  return value === undefined ? "" : formatPercent(value);
}

function points(value: number): string {
  return (value * 100).toFixed(1);
}

function signed(value: number): string {
  return `${value < 0 ? "−" : "+"}${points(Math.abs(value))}`;
}
