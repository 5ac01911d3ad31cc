import { formatBytes, formatDuration, formatTable, wrapText } from "@moonlight-rl/core";
import type { PipelinePlan } from "../plan/plan-pipeline.ts";
import type { PlannedStage } from "../plan/plan-stage.ts";
import type { PlanAction } from "../stage/context.ts";
import { PLAIN_SCREEN, type TextScreen } from "./io.ts";
import { breakLines } from "./screen-line.ts";

const WORD = { hit: "reuse", miss: "run", unknown: "run?" } as const;
const COLOR = { hit: "green", miss: "cyan", unknown: "yellow" } as const;

/** A plan for people: a table of stages, then what each would do. */
export function planText(
  plan: Pick<PipelinePlan, "stages" | "unknownAfter"> & Partial<Pick<PipelinePlan, "totals">>,
  { columns: width, colors }: TextScreen = PLAIN_SCREEN,
): string {
  const table = formatTable(
    [
      { title: "stage" },
      { title: "would" },
      { title: "time", align: "right" },
      { title: "because" },
    ],
    plan.stages.map((stage) => [
      stage.id,
      colors[COLOR[stage.status]](WORD[stage.status]),
      timeOf(stage),
      stage.seconds === undefined
        ? stage.reason
        : `${stage.reason} (took ${formatDuration(stage.seconds)})`,
    ]),
    { width },
  );
  const details = plan.stages.flatMap((stage) => stageLines(stage, width));
  const { unknownAfter } = plan;
  const end =
    unknownAfter === undefined
      ? []
      : [
          "",
          `The rest is unknown after ${unknownAfter.stage}: the pipeline needs its ${unknownAfter.field}.`,
        ];
  const rest = [...end, ...totalLines(plan)].join("\n");
  const last = breakLines(rest, width ?? Number.POSITIVE_INFINITY);
  return [table, ...details, ...(rest === "" ? [] : [last])].join("\n");
}

function timeOf({ status, predictedSeconds }: PlannedStage): string {
  if (status === "hit") return "–";
  return predictedSeconds === undefined ? "unknown" : `≈ ${formatDuration(predictedSeconds)}`;
}

function totalLines({
  stages,
  totals,
}: Pick<PipelinePlan, "stages"> & Partial<Pick<PipelinePlan, "totals">>): string[] {
  if (totals === undefined) return [];
  const work = stages.filter(({ status }) => status !== "hit").length;
  if (work === 0) return ["", "Everything is there: a run takes its results."];
  const { bytes, diskBytes, freeBytes, seconds, unknown } = totals;
  const time =
    unknown.length === 0
      ? `about ${formatDuration(seconds)}, as earlier runs took`
      : unknown.length === work
        ? "time unknown: no earlier run did these stages"
        : `${formatDuration(seconds)} and the unknown time of ${unknown.join(", ")}`;
  const free = freeBytes === undefined ? "" : `, ${formatBytes(freeBytes)} are free`;
  const known = stages.every(({ status, actions }) => status === "hit" || actions !== undefined)
    ? ""
    : "as far as is known: ";
  const lines = [
    "",
    `total: ${work} of ${stages.length} stages run; ${time}`,
    `       ${known}${formatBytes(bytes)} to transfer, ${formatBytes(diskBytes)} of disk${free}`,
  ];
  if (freeBytes !== undefined && diskBytes > freeBytes)
    lines.push("       That does not fit: free some space, or choose another --workspace.");
  return lines;
}

function stageLines(stage: PlannedStage, width = Number.POSITIVE_INFINITY): string[] {
  if (stage.status === "hit") return [];
  if (stage.actions === undefined) {
    return ["", `${stage.id}: what it does is known once its inputs are.`];
  }
  if (stage.actions.length === 0) return [];
  return ["", `${stage.id}:`, ...stage.actions.flatMap((action) => actionLines(action, width))];
}

function actionLines(action: PlanAction, width: number): string[] {
  const facts = [
    action.bytes === undefined ? undefined : formatBytes(action.bytes),
    action.diskBytes === undefined ? undefined : `${formatBytes(action.diskBytes)} of disk`,
    action.seconds === undefined ? undefined : `about ${formatDuration(action.seconds)}`,
  ].filter((fact) => fact !== undefined);
  const title = `${action.title}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}`;
  const lines = [wrapText(title, { width, first: "  - ", rest: "    " })];
  for (const line of action.detail?.split("\n") ?? []) lines.push(`    ${line}`);
  if (action.command !== undefined) lines.push(`    $ ${action.command.map(quote).join(" ")}`);
  return lines;
}

/** As a POSIX shell would need it, so that the line can be copied. */
function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
