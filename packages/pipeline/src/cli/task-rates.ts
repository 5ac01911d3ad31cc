import type { MoonlightEvent } from "@moonlight-rl/core";

type Progress = Extract<MoonlightEvent, { type: "progress" }>;

/** Speeds of tasks from the times that their events carry: since the first event of each. */
export class TaskRates {
  readonly #first = new Map<string, { readonly at: number; readonly done: number }>();

  /** Units per second, or undefined within the first half second. */
  rate(event: Progress): number | undefined {
    const name = taskName(event);
    const at = Date.parse(event.time);
    const first = this.#first.get(name);
    // A task that starts over (a retry) is measured anew.
    if (first === undefined || event.done < first.done) {
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
