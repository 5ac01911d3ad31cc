import { formatDuration, formatPercent, formatTable } from "@moonlight-rl/core";
import type { ReportData, ReportEvaluation } from "../report/report-data.ts";

/** What a run showed, for a terminal: stages, accuracy before and after, the paired test, the report's place. */
export function summaryText(data: ReportData, reportPath: string | undefined): string {
  const blocks = [
    stagesText(data),
    evaluationText(data),
    comparisonText(data),
    reportPath === undefined ? "" : `report  ${reportPath}`,
  ];
  return `\n${blocks.filter((block) => block !== "").join("\n\n")}\n`;
}

function stagesText({ stages, seconds }: ReportData): string {
  const rows = stages.flatMap(({ name, state, seconds: took, artifacts }) => {
    const time =
      state === "reused"
        ? `reused${took === undefined ? "" : ` (took ${formatDuration(took)})`}`
        : took === undefined
          ? state
          : formatDuration(took);
    const [first = "", ...others] = artifacts.map(
      ({ kind, digest }) => `${kind} ${digest.slice(0, 12)}`,
    );
    return [[name, time, first], ...others.map((artifact) => ["", "", artifact])];
  });
  const total = seconds === undefined ? [] : [["total", formatDuration(seconds), ""]];
  return formatTable(
    [{ title: "stage" }, { title: "time" }, { title: "artifacts" }],
    [...rows, ...total],
  );
}

function evaluationText({ base, trained, evaluationName }: ReportData): string {
  const row = (name: string, evaluation: ReportEvaluation | undefined): string[][] =>
    evaluation === undefined
      ? []
      : [
          [
            name,
            formatPercent(evaluation.accuracy),
            evaluation.interval.map((end) => (end * 100).toFixed(1)).join(" – ") + " %",
            formatPercent(evaluation.closedShare),
            `${evaluation.problems} × ${evaluation.samplesPerProblem}`,
          ],
        ];
  const rows = [...row("base policy", base), ...row("trained policy", trained)];
  if (rows.length === 0) return "";
  return formatTable(
    [
      { title: evaluationName },
      { title: "accuracy", align: "right" },
      { title: "95 % interval", align: "right" },
      { title: "answered", align: "right" },
      { title: "samples", align: "right" },
    ],
    rows,
  );
}

function comparisonText({ comparison, base }: ReportData): string {
  if (comparison === undefined || base === undefined) return "";
  const points = (share: number): string =>
    `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(1)}`;
  const [low, high] = comparison.interval;
  const p = comparison.pValue < 0.0001 ? "p < 0.0001" : `p = ${comparison.pValue.toPrecision(2)}`;
  return `${points(comparison.difference)} points (95 % interval ${points(low)} to ${points(high)}), ${p}, paired over ${base.problems} problems`;
}
