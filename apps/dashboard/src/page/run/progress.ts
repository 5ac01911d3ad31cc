import type { RunAnswer, StageState, Task } from "../../api/run.ts";
import { figure, formatBytes } from "../data/words.ts";

/** How far a task is, 0 to 1; undefined: its total is not known. */
export function share({ done, total }: Task): number | undefined {
  return total === undefined || total === 0 ? undefined : Math.min(1, done / total);
}

/** "3 of 8 rollouts", "12 MB of 30 MB" */
export function amount({ done, total, unit }: Task): string {
  const of = (n: number): string => (unit === "bytes" ? formatBytes(n) : figure(n));
  const end = unit === "bytes" ? "" : ` ${unit}`;
  return total === undefined ? `${of(done)}${end}` : `${of(done)} of ${of(total)}${end}`;
}

/** "2.4 MB/s" */
export function pace({ rate, unit }: Task): string {
  if (rate === undefined) return "";
  return unit === "bytes"
    ? `${formatBytes(Math.round(rate))}/s`
    : `${figure(Number(rate.toPrecision(3)))} ${unit}/s`;
}

/** The task that a stage is known by: the one with the longest time to go, else the last that began. */
export function mainTask({ tasks }: Pick<StageState, "tasks">): Task | undefined {
  const open = tasks.filter((task) => (share(task) ?? 0) < 1);
  return open.toSorted((a, b) => (b.eta ?? -1) - (a.eta ?? -1))[0] ?? tasks.at(-1);
}

/** Seconds that the stages at work still take, by their slowest task. */
export function timeLeft({ stages }: Pick<RunAnswer, "stages">): number | undefined {
  const left = stages
    .filter(({ state }) => state === "running")
    .flatMap(({ tasks }) => tasks.map(({ eta }) => eta))
    .filter((eta) => eta !== undefined);
  return left.length === 0 ? undefined : Math.max(...left);
}
