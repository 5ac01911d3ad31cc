import { formatBytes, formatDuration, formatTable } from "@moonlight-rl/core";
import { formatSimulation } from "../simulator/format-simulation.ts";
import { GPUS } from "./hardware.ts";
import type { PlanLine } from "./line.ts";
import type { Plan } from "./plan.ts";

const SPOKEN = {
  fits: "fits",
  tight: "fits by the likely figures, not by the highest",
  unlikely: "fits by the lowest figures only",
  impossible: "does not fit",
} as const;

/** Memory as GPUs are sold by: 2³⁰ bytes. */
export function gib(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** The plan as tables for people: each phase with its parts, then host, disk, rollout and time. */
export function formatPlan(plan: Plan, promptCount?: number): string {
  const capacity = gib(plan.gpuBytes);
  const { layout, kv, host, disk, time } = plan;
  const phases = plan.phases.map((phase) =>
    [
      `${phase.phase}: ${gib(phase.bytes)} of ${capacity} (${gib(phase.low)} to ${gib(phase.high)})`,
      partsTable(phase.lines),
    ].join("\n"),
  );
  const elsewhere = Object.entries(plan.fits).map(([type, verdict]) => [
    GPUS[type as keyof typeof GPUS].name,
    SPOKEN[verdict],
  ]);
  const available = host.available === null ? "" : ` of ${gib(host.available)}`;
  const times = time.lines.map((line) => [
    line.what,
    formatDuration(line.seconds),
    `${formatDuration(line.low)} to ${formatDuration(line.high)}`,
    line.formula,
  ]);
  return [
    `${layout.worldSize} × ${GPUS[plan.gpuType].name}, TP ${layout.tp} PP ${layout.pp} CP ${layout.cp} EP ${layout.ep} ETP ${layout.etp}: ${SPOKEN[plan.verdict]}`,
    "GPU memory of the fullest GPU, phase by phase",
    ...phases,
    formatTable([{ title: "on other GPUs" }, { title: "" }], elsewhere),
    `KV cache: ${kv.bytesPerToken} B per token, ${kv.tokensPerEngine} tokens per engine, ${kv.longestSamples} samples of the greatest length at once`,
    `Main memory per node: ${gib(host.bytes)}${available} (${gib(host.low)} to ${gib(host.high)})`,
    partsTable(host.lines),
    `Disk: ${formatBytes(disk.bytesPerSave)} per save (${disk.formula}); ${disk.kept} of ${disk.saves} saves stay: ${formatBytes(disk.bytes)}`,
    formatSimulation(plan.rollout, promptCount),
    `Time per rollout: ${formatDuration(time.seconds)} (${formatDuration(time.low)} to ${formatDuration(time.high)}) with responses of ${time.meanResponseLen} tokens; the whole run ${formatDuration(time.runSeconds)}`,
    formatTable(
      [
        { title: "part" },
        { title: "likely", align: "right" },
        { title: "range", align: "right" },
        { title: "from" },
      ],
      times,
    ),
  ].join("\n\n");
}

function partsTable(lines: readonly PlanLine[]): string {
  const rows = lines
    .filter(({ bytes }) => bytes > 0)
    .map((line) => [
      line.what,
      gib(line.bytes),
      line.low === line.high ? "" : `${gib(line.low)} to ${gib(line.high)}`,
      `${line.formula} [${line.source}]`,
    ]);
  return formatTable(
    [
      { title: "  part" },
      { title: "likely", align: "right" },
      { title: "range", align: "right" },
      { title: "from" },
    ],
    rows.map(([what = "", ...rest]) => [`  ${what}`, ...rest]),
  );
}
