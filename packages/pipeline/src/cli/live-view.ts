import type { Colors } from "picocolors/types.js";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { metricText, percent, permanentLine, progressText } from "./describe-event.ts";
import type { EventView } from "./event-view.ts";
import type { OutputStream } from "./io.ts";
import { TaskRates, taskName } from "./task-rates.ts";

const FRAME_MS = 100;
const BAR = 16;
/** So many tasks at most: a download of a thousand files must not scroll the screen. */
const MAX_TASKS = 8;

/** Permanent lines scroll by; below them one line per active task is redrawn in place. */
export class LiveView implements EventView {
  readonly #stream: OutputStream;
  readonly #colors: Colors;
  readonly #now: () => number;
  readonly #rates = new TaskRates();
  /** Active tasks and metrics, by name; the text without its stage's name. */
  readonly #active = new Map<string, { readonly stage: string; readonly text: string }>();
  readonly #timer: NodeJS.Timeout;
  #drawn = 0;
  #drawnAt = 0;
  #changed = false;

  constructor(stream: OutputStream, colors: Colors, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#colors = colors;
    this.#now = now;
    this.#timer = setInterval(() => this.#draw(), FRAME_MS);
    this.#timer.unref();
  }

  handle(event: MoonlightEvent): void {
    const line = permanentLine(event, this.#colors);
    if (line !== undefined) {
      if (event.type.startsWith("stage.")) this.#endStage(event.stage ?? "");
      this.#erase();
      this.#stream.write(`${line}\n`);
      this.#changed = true;
    }
    if (event.type === "progress") this.#progress(event);
    if (event.type === "metric") {
      const stage = event.stage ?? "";
      this.#set(`${stage}\nmetric`, stage, metricText(event));
    }
    // Work that keeps the event loop busy gives the timer no chance.
    if (this.#now() - this.#drawnAt >= FRAME_MS) this.#draw();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#erase();
  }

  #progress(event: Extract<MoonlightEvent, { type: "progress" }>): void {
    const name = taskName(event);
    const rate = this.#rates.rate(event);
    if (event.total !== undefined && event.done >= event.total) {
      this.#active.delete(name);
      this.#changed = true;
      return;
    }
    const bar = event.total === undefined ? "" : `${this.#bar(percent(event.done, event.total))} `;
    this.#set(name, event.stage ?? "", `${event.task}  ${bar}${progressText(event, rate)}`);
  }

  #set(name: string, stage: string, text: string): void {
    this.#active.set(name, { stage, text });
    this.#changed = true;
  }

  #endStage(stage: string): void {
    for (const [name, task] of this.#active) if (task.stage === stage) this.#active.delete(name);
  }

  #bar(share: number): string {
    const full = Math.round((share / 100) * BAR);
    return this.#colors.cyan("━".repeat(full)) + this.#colors.dim("─".repeat(BAR - full));
  }

  #draw(): void {
    if (!this.#changed) return;
    this.#erase();
    const tasks = [...this.#active.values()];
    const lines = tasks.slice(0, MAX_TASKS).map(({ stage, text }) => `  ${stage}  ${text}`);
    if (tasks.length > MAX_TASKS) lines.push(`  … and ${tasks.length - MAX_TASKS} more`);
    const width = this.#stream.columns ?? 80;
    for (const line of lines) this.#stream.write(`${fit(line, width)}\n`);
    this.#drawn = lines.length;
    this.#drawnAt = this.#now();
    this.#changed = false;
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001B[${this.#drawn}A\u001B[0J`);
    if (this.#drawn > 0) this.#changed = true;
    this.#drawn = 0;
  }
}

/** Cuts a line to the screen's width, colour codes not counted: a wrapped line could not be erased. */
function fit(line: string, width: number): string {
  // oxlint-disable-next-line no-control-regex -- colour codes take no room on the screen
  const parts = line.split(/(\u001B\[[0-9;]*m)/);
  let room = width - 1;
  return parts
    .map((part, i) => {
      if (i % 2 === 1) return part;
      const shown = [...part].slice(0, Math.max(0, room)).join("");
      room -= [...part].length;
      return shown;
    })
    .join("");
}
