import { formatTable } from "@moonlight-rl/core";
import type { BenchReport } from "./run-benches.ts";

/** All rows and misses for people. */
export function reportText({ rows, misses }: BenchReport): string {
  const table = formatTable(
    [
      { title: "bench" },
      { title: "metric" },
      { title: "ours", align: "right" },
      { title: "peer" },
      { title: "ratio", align: "right" },
      { title: "goal", align: "right" },
      { title: "" },
    ],
    [
      ...rows.map(({ bench, metric, value, unit, peer, ratio, goal }) => [
        bench,
        metric,
        `${value} ${unit}`,
        peer,
        ratio.toFixed(2),
        goal === null ? "" : String(goal),
        goal === null ? "" : ratio >= goal ? "ok" : "BELOW",
      ]),
      ...misses.map(({ bench, metric, peer, goal, reason }) => [
        bench,
        metric,
        "–",
        peer,
        "–",
        String(goal),
        `MISS: ${firstLine(reason)}`,
      ]),
    ],
  );
  const below = belowGoal({ rows, misses }).length;
  const held = rows.filter(({ goal }) => goal !== null).length - below;
  return `${table}\n\n${held} goals reached, ${below} below, ${misses.length} missed`;
}

export function belowGoal({ rows }: BenchReport): BenchReport["rows"] {
  return rows.filter(({ ratio, goal }) => goal !== null && ratio < goal);
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
