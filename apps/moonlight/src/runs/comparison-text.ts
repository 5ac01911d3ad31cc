import { formatDuration, formatTable } from "@moonlight-rl/core";
import type { RunCause } from "@moonlight-rl/dashboard/causes";
import { PLAIN_SCREEN, type TextScreen } from "@moonlight-rl/pipeline";
import type { MetricDifference, ReportComparison } from "./compare-reports.ts";

/** So many of one kind at most: the first is what matters, `--json` has all. */
const SHOWN = 12;

/** A comparison for a terminal: the first cause, then all causes, the environment, the stages' times and the figures. */
export function comparisonText(
  comparison: ReportComparison,
  { colors }: TextScreen = PLAIN_SCREEN,
): string {
  const { before, now, firstCause, causes, environment, stages, metrics } = comparison;
  const first =
    firstCause === undefined
      ? "Both runs did the same work with the same results."
      : `${colors.bold("first cause")}: ${causeText(firstCause)}`;
  const differences = environment.map(
    ({ what, before: was, now: is }) => `  ${what}: ${cut(was)} → ${cut(is)}`,
  );
  const shown = metrics.filter(({ before, now }) => before !== now).slice(0, SHOWN);
  const blocks = [
    `${before} → ${now}`,
    first,
    list(
      "all causes, in the order of the stages:",
      causes.length > 1 ? causes.map((cause) => `  ${causeText(cause)}`) : [],
    ),
    list("environment:", differences),
    formatTable(
      [
        { title: "stage" },
        { title: "" },
        { title: "before", align: "right" },
        { title: "now", align: "right" },
      ],
      stages.map(({ id, state, seconds }) => [
        id,
        state === "differs" ? colors.yellow(STATES[state]) : colors.dim(STATES[state]),
        ...seconds.map(duration),
      ]),
    ),
    shown.length === 0
      ? ""
      : formatTable(
          [
            { title: "figure" },
            { title: "before", align: "right" },
            { title: "now", align: "right" },
            { title: "change", align: "right" },
          ],
          shown.map(metricRow),
        ),
    shown.length < metrics.length
      ? `${metrics.length - shown.length} more figures, or equal ones: --json has all`
      : "",
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

const STATES = { same: "the same", follows: "follows from above", differs: "differs" } as const;

/** "recipe optimizer.lr: 0.001 → 0.002 (profile → --set)". */
export function causeText({ stage, kind, what, before, now, source }: RunCause): string {
  const change = `${cut(before)} → ${cut(now)}`;
  switch (kind) {
    case "recipe":
      return `recipe ${what}: ${change}${source === undefined ? "" : ` (${source})`}`;
    case "data":
      return `data, ${stage} ${what}: ${change}`;
    case "code":
      return `code of ${what}, in ${stage}: ${change}`;
    case "environment":
      return `environment: ${stage} made another ${what} of the same inputs and code (${change})`;
    case "missing":
      return `${stage}: ${change}`;
    default:
      return `${stage} ${what}: ${change}`;
  }
}

function list(title: string, lines: readonly string[]): string {
  if (lines.length === 0) return "";
  const more = lines.length > SHOWN ? [`  … and ${lines.length - SHOWN} more`] : [];
  return [title, ...lines.slice(0, SHOWN), ...more].join("\n");
}

function cut(text: string | undefined): string {
  if (text === undefined) return "(absent)";
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function duration(seconds: number | undefined): string {
  return seconds === undefined ? "–" : formatDuration(seconds);
}

function metricRow({ name, before, now }: MetricDifference): string[] {
  const change = before === undefined || now === undefined ? undefined : now - before;
  const sign = change !== undefined && change > 0 ? "+" : "";
  return [
    name,
    number(before),
    number(now),
    change === undefined ? "–" : `${sign}${number(change)}`,
  ];
}

function number(value: number | undefined): string {
  if (value === undefined) return "–";
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
