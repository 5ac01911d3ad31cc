import type { MoonlightEvent } from "@moonlight-rl/core";

type Progress = Extract<MoonlightEvent, { type: "progress" }>;

/** Speeds of tasks since the first event of each, by the times that events carry or by `at` (milliseconds). */
export class TaskRates {
  readonly #first = new Map<string, { readonly at: number; readonly done: number }>();

  /** Units per second, or undefined within the first half second. */
  rate(event: Progress, at: number = Date.parse(event.time)): number | undefined {
    const name = taskName(event);
    const first = this.#first.get(name);
    // A task that starts over (a retry) is measured anew, and so is one whose clock was set back.
    if (first === undefined || event.done < first.done || at < first.at) {
      this.#first.set(name, { at, done: event.done });
      return undefined;
    }
    const seconds = (at - first.at) / 1000;
    return seconds < 0.5 ? undefined : (event.done - first.done) / seconds;
  }
}

export function taskName(event: Progress): string {
  return `${event.stage ?? ""}\n${event.task}`;
}
