import { formatDuration } from "@moonlight-rl/core";
import type { Colors } from "picocolors/types.js";
import { percent, progressText, shortNumber } from "./describe-event.ts";
import type { LiveState, MetricState, StageState, TaskState } from "./live-state.ts";
import { column, fitLine } from "./screen-line.ts";
import { sparkline } from "./sparkline.ts";

export interface FrameSize {
  readonly columns: number;
  readonly rows: number;
}

/** So many at most, on any screen. */
const MAX_TASKS = 6;
const MAX_METRICS = 6;
const MAX_ALARMS = 3;

/** What people watch first; then in the order in which they came. */
const WATCHED = [
  "rollout/raw_reward",
  "train/loss",
  "train/kl_loss",
  "train/entropy_loss",
  "train/grad_norm",
  "rollout/response_len/mean",
];

/**
 * The live part of the screen: stages with their times, the tasks of those at work, the newest metrics with their course, alarms.
 * No line is wider than the screen and there are fewer lines than it has; on a small one the stages that have ended go first.
 */
export function liveFrame(
  state: LiveState,
  now: number,
  { columns, rows }: FrameSize,
  colors: Colors,
): string[] {
  const width = Math.max(20, columns - 1);
  const room = Math.max(3, rows - 2);
  const head = headLine(state, now, width, colors);
  const alarms = [...state.alarms.values()]
    .slice(-MAX_ALARMS)
    .map(
      ({ code, message, count }) =>
        `${colors.yellow(`! ${code}`)}${count > 1 ? ` ×${count}` : ""}  ${message}`,
    );
  const running = [...state.stages.values()].filter((stage) => stage.state === "running");
  const ended = [...state.stages.values()].filter((stage) => stage.state !== "running");
  const metrics = chosenMetrics(state).map((metric) => metricLine(metric, width, colors));
  const work = running.flatMap((stage) => [
    stageLine(stage, now, colors),
    ...taskLines(state, stage.id, width, colors),
  ]);
  // Tasks outside of any stage that has said that it began.
  const loose = taskLines(state, undefined, width, colors);
  const fixed = [...work, ...loose, ...section(metrics), ...section(alarms)];
  const left = Math.max(0, room - fixed.length - 1);
  const shown = ended.slice(-left || ended.length);
  const done = left === 0 ? [] : shown.map((stage) => stageLine(stage, now, colors));
  return [head, ...done, ...fixed].slice(0, room).map((line) => fitLine(line, width));
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", ...lines];
}

function headLine(state: LiveState, now: number, width: number, colors: Colors): string {
  const name = [state.pipeline, state.run].filter((part) => part !== undefined).join(" · ");
  const time = state.since === undefined ? "" : formatDuration((now - state.since) / 1000);
  const text = ` ${[name, time].filter((part) => part !== "").join(" · ")} `;
  const rule = "─".repeat(Math.max(0, width - text.length - 2));
  return `${colors.dim("──")}${colors.bold(text)}${colors.dim(rule)}`;
}

const NAME = 16;

function stageLine(stage: StageState, now: number, colors: Colors): string {
  const seconds = stage.state === "running" ? (now - stage.since) / 1000 : (stage.seconds ?? 0);
  const time = column(formatDuration(Math.max(0, seconds)), 9, "right");
  const name = column(stage.id, NAME);
  switch (stage.state) {
    case "running":
      return `${colors.cyan("●")} ${colors.bold(name)} ${time}  running`;
    case "reused":
      return `${colors.green("✓")} ${name} ${time}  ${colors.dim("reused")}`;
    case "done":
      return `${colors.green("✓")} ${name} ${time}`;
    default:
      return `${colors.red("✗")} ${name} ${time}  ${stage.error ?? "failed"}`;
  }
}

function taskLines(
  state: LiveState,
  stage: string | undefined,
  width: number,
  colors: Colors,
): string[] {
  const tasks = [...state.tasks.values()].filter((task) =>
    stage === undefined ? !state.stages.has(task.stage) : task.stage === stage,
  );
  const lines = tasks.slice(0, MAX_TASKS).map((task) => taskLine(task, width, colors));
  if (tasks.length > MAX_TASKS) lines.push(`    … and ${tasks.length - MAX_TASKS} more`);
  return lines;
}

function taskLine({ event, rate }: TaskState, width: number, colors: Colors): string {
  if (event.total === undefined)
    return `    ${event.task}  ${progressText(event, rate, width - event.task.length - 6)}`;
  const [name, size] = width < 60 ? [10, 6] : width < 100 ? [14, 8] : [24, 20];
  const text = progressText(event, rate, width - name - size - 7);
  const full = Math.round((percent(event.done, event.total) / 100) * size);
  const bar = colors.cyan("━".repeat(full)) + colors.dim("─".repeat(size - full));
  return `    ${column(event.task, name)} ${bar}  ${text}`;
}

/** Metrics with a course to show, the watched ones first. Evaluations are few and matter most. */
function chosenMetrics(state: LiveState): MetricState[] {
  const all = [...state.metrics.values()];
  const rank = ({ name }: MetricState): number => {
    if (isScore(name)) return -1;
    const at = WATCHED.indexOf(name);
    return at === -1 ? WATCHED.length : at;
  };
  return all
    .map((metric, i) => ({ metric, key: rank(metric) * 1000 + i }))
    .sort((a, b) => a.key - b.key)
    .slice(0, MAX_METRICS)
    .map(({ metric }) => metric);
}

/** The score of an evaluated set, not one of the figures beside it. */
export function isScore(name: string): boolean {
  return /^eval\/[^/]+$/.test(name) && !name.endsWith("-truncated_ratio");
}

function metricLine({ name, step, values }: MetricState, width: number, colors: Colors): string {
  const value = shortNumber(values.at(-1) ?? Number.NaN);
  const label = `  ${column(name, width < 70 ? 22 : 30)} ${column(value, 10, "right")}  ${column(`step ${step}`, 10)} `;
  const course = sparkline(values, Math.max(0, Math.min(60, width - label.length)));
  return `${label}${colors.cyan(course)}`;
}
