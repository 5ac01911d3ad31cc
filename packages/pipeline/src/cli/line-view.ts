import type { Colors } from "picocolors/types.js";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { metricText, permanentLine, progressText } from "./describe-event.ts";
import type { EventView } from "./event-view.ts";
import type { OutputStream } from "./io.ts";
import { TaskRates, taskName } from "./task-rates.ts";

/** A task may write one line in this time; its first and its last are always written. */
const QUIET_MS = 3_000;

/** Steady log lines, each with the time of day (UTC): for files, CI and pipes. */
export class LineView implements EventView {
  readonly #stream: OutputStream;
  readonly #colors: Colors;
  readonly #rates = new TaskRates();
  readonly #written = new Map<string, number>();

  constructor(stream: OutputStream, colors: Colors) {
    this.#stream = stream;
    this.#colors = colors;
  }

  handle(event: MoonlightEvent): void {
    const line = permanentLine(event, this.#colors);
    if (line !== undefined) return this.#line(event, line.trimStart());
    const stage = event.stage ?? "";
    if (event.type === "progress") {
      if (event.part === true) return;
      const rate = this.#rates.rate(event);
      const last = event.total !== undefined && event.done >= event.total;
      if (!this.#due(taskName(event), event, last)) return;
      this.#line(event, `${stage}: ${event.task}: ${progressText(event, rate)}`);
    }
    if (event.type === "metric") {
      const evaluation = Object.keys(event.values).some((name) => name.startsWith("eval/"));
      if (!this.#due(`${stage}\nmetric`, event, evaluation)) return;
      this.#line(event, `${stage}: ${metricText(event)}`);
    }
  }

  close(): void {}

  #due(task: string, event: MoonlightEvent, always: boolean): boolean {
    const at = Date.parse(event.time);
    // A clock that was set back an hour must not silence a task for an hour.
    const before = this.#written.get(task);
    if (!always && before !== undefined && Math.abs(at - before) < QUIET_MS) return false;
    this.#written.set(task, at);
    return true;
  }

  #line(event: MoonlightEvent, text: string): void {
    this.#stream.write(`${event.time.slice(11, 19)} ${text}\n`);
  }
}
