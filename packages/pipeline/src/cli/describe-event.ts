import type { Colors } from "picocolors/types.js";
import { formatBytes, formatDuration, type MoonlightEvent } from "@moonlight-rl/core";

type Progress = Extract<MoonlightEvent, { type: "progress" }>;
type Metric = Extract<MoonlightEvent, { type: "metric" }>;

/** Lines that stay on the screen for an event; none for those that only move something (progress, metrics, samples). */
export function permanentLine(event: MoonlightEvent, colors: Colors): string | undefined {
  const stage = event.stage ?? "";
  switch (event.type) {
    case "run.started":
      return `${colors.bold(event.pipeline)} ${event.resumed ? "resumed" : "started"}${event.run === undefined ? "" : ` · run ${event.run}`}`;
    case "run.finished":
      return event.status === "ok"
        ? `${colors.green("finished")} in ${formatDuration(event.seconds)}`
        : `${colors.red(event.status)} after ${formatDuration(event.seconds)}`;
    case "stage.started":
      return `${colors.cyan("●")} ${stage} started${event.reason === undefined ? "" : colors.dim(` (${event.reason})`)}`;
    case "stage.reused":
      return `${colors.green("✓")} ${stage} reused${colors.dim(` (took ${formatDuration(event.seconds)} when it was made)`)}`;
    case "stage.finished":
      return `${colors.green("✓")} ${stage} finished in ${formatDuration(event.seconds)}`;
    case "stage.failed":
      return `${colors.red("✗")} ${stage} failed after ${formatDuration(event.seconds)}: ${event.error.code}`;
    case "log":
      return colors.dim(`  ${stage}: ${event.message}`);
    case "warning":
      return `${colors.yellow(`warning ${event.code}`)}: ${event.message}${event.hint === undefined ? "" : `\n  hint: ${event.hint}`}`;
    default:
      return undefined;
  }
}

/**
 * "12.3 MB of 27.0 MB (45 %), 3.20 MB/s, 5 s left"; `rate` in units per second, undefined when not known yet. Of more than `room`
 * columns some parts are left out.
 */
export function progressText(
  event: Progress,
  rate: number | undefined,
  room = Number.POSITIVE_INFINITY,
): string {
  const { done, total, unit, message } = event;
  const bytes = unit === "bytes";
  const amount = (value: number): string => (bytes ? formatBytes(value) : String(value));
  const share =
    total === undefined
      ? amount(done) + (bytes ? "" : ` ${unit}`)
      : `${amount(done)} of ${amount(total)}${bytes ? "" : ` ${unit}`} (${percent(done, total)} %)`;
  const known = rate !== undefined && rate > 0;
  const speed = known ? `${bytes ? formatBytes(Math.round(rate)) : rateText(rate)}/s` : undefined;
  const rest =
    known && total !== undefined && done < total
      ? `${formatDuration((total - done) / rate)} left`
      : undefined;
  // On a narrow screen the message goes first, then the rate: the time left is what people look for.
  for (const further of [[speed, rest, message], [speed, rest], [rest]]) {
    const text = [share, ...further.filter((part) => part !== undefined)].join(", ");
    if (text.length <= room) return text;
  }
  return share;
}

function rateText(rate: number): string {
  return rate >= 100 ? String(Math.round(rate)) : rate.toPrecision(2);
}

export function percent(done: number, total: number): number {
  return total <= 0 ? 100 : Math.min(100, Math.floor((done / total) * 100));
}

/** "step 12  rollout/raw_reward 0.531  …", at most `limit` values. */
export function metricText(event: Metric, limit = 4): string {
  const values = Object.entries(event.values).slice(0, limit);
  return [
    `step ${event.step}`,
    ...values.map(
      ([name, value]) => `${name} ${typeof value === "number" ? shortNumber(value) : value}`,
    ),
  ].join("  ");
}

export function shortNumber(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
}
