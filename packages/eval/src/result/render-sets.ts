import { formatPercent, formatTable } from "@moonlight-rl/core";
import type { SetSummary, Summary } from "./summary.ts";

/** The figures of a stage's output as a table, one line a set, and a line on each comparison. */
export function renderSets({ sets }: Pick<Summary, "sets">): string {
  const table = formatTable(
    [
      { title: "set" },
      { title: "avg@n", align: "right" },
      { title: "95 % interval", align: "right" },
      { title: "pass@n", align: "right" },
      { title: "maj@n", align: "right" },
      { title: "answered", align: "right" },
      { title: "cut off", align: "right" },
      { title: "samples", align: "right" },
    ],
    sets.map((set) => [
      set.name,
      formatPercent(set.accuracy),
      `${formatPercent(set.interval.low)} – ${formatPercent(set.interval.high)}`,
      figure(set, "pass"),
      figure(set, "maj"),
      formatPercent(set.closedShare),
      formatPercent(set.truncatedShare),
      `${set.problems} × ${set.n}`,
    ]),
  );
  const comparisons = sets.flatMap(({ name, comparison }) => {
    if (comparison === undefined) return [];
    const { difference, interval, pValue } = comparison;
    const range = `95 % interval ${formatPercent(interval.low)} to ${formatPercent(interval.high)}`;
    return [
      `${name} against the baseline: ${formatPercent(difference)} (${range}), p = ${pValue.toPrecision(2)}`,
    ];
  });
  return [table, ...comparisons].join("\n");
}

function figure({ figures, n }: SetSummary, kind: string): string {
  const found = figures[`${kind}@${n}`];
  return found === undefined ? "" : formatPercent(found.mean);
}
