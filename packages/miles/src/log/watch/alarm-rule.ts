import type { LogEvent } from "../log-event.ts";
import type { AlarmLimits } from "./watch-limits.ts";
import type { Alarm } from "./watch-event.ts";

/** What one look at a figure finds; `bad` false clears the alarm. */
export interface Finding {
  readonly bad: boolean;
  readonly severity: Alarm["severity"];
  readonly field: string;
  readonly value: number;
  readonly limit: number;
  readonly at: number | undefined;
  readonly message: string;
}

/** What rules know beside the event. */
export interface AlarmContext {
  readonly limits: AlarmLimits;
  /** Groups that a rollout trains on (`--rollout-batch-size`). */
  readonly groupsPerRollout: number | undefined;
}

/** One alarm's view of the log; may remember (a bounded number of) earlier figures. */
export interface AlarmRule {
  readonly id: Alarm["id"];
  /** What to look at. */
  readonly look: string;
  /** Undefined: the event says nothing about this alarm. */
  readonly check: (event: LogEvent, context: AlarmContext) => Finding | undefined;
}

/** The last figures of one kind. */
export class Recent {
  readonly #values: number[] = [];
  readonly #size: number;

  constructor(size = 20) {
    this.#size = size;
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#values.push(value);
    if (this.#values.length > this.#size) this.#values.shift();
  }

  get count(): number {
    return this.#values.length;
  }

  /** NaN when there is none. */
  get median(): number {
    const sorted = this.#values.toSorted((a, b) => a - b);
    const middle = sorted.length >> 1;
    const upper = sorted[middle] ?? NaN;
    return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
  }
}

/** A figure for people: four digits at most. */
export function figure(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(4))) : String(value);
}

export function percent(share: number): string {
  return `${figure(share * 100)} %`;
}
