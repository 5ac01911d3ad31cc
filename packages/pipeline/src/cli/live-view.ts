import type { Colors } from "picocolors/types.js";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { metricText, permanentLine } from "./describe-event.ts";
import type { EventView } from "./event-view.ts";
import type { OutputStream } from "./io.ts";
import { isScore, liveFrame } from "./live-frame.ts";
import { LiveState } from "./live-state.ts";
import { breakLines } from "./screen-line.ts";

const FRAME_MS = 100;
/** Clocks of running stages move on without any event. */
const IDLE_FRAME_MS = 1_000;

/** What is worth keeping scrolls by; below it `liveFrame` is redrawn in place. */
export class LiveView implements EventView {
  readonly #stream: OutputStream;
  readonly #colors: Colors;
  readonly #now: () => number;
  readonly #state = new LiveState();
  readonly #timer: NodeJS.Timeout;
  readonly #resized = (): void => this.#afterResize();
  #drawn = 0;
  #drawnAt = 0;
  #columns: number;
  #changed = false;
  #closed = false;

  constructor(stream: OutputStream, colors: Colors, now: () => number = () => performance.now()) {
    this.#stream = stream;
    this.#colors = colors;
    this.#now = now;
    this.#columns = this.#size().columns;
    this.#timer = setInterval(() => this.#tick(), FRAME_MS);
    this.#timer.unref();
    stream.on?.("resize", this.#resized);
  }

  handle(event: MoonlightEvent): void {
    this.#state.observe(event, this.#now());
    const line = this.#kept(event);
    if (line !== undefined) {
      this.#erase();
      this.#stream.write(`${breakLines(line, this.#size().columns)}\n`);
    }
    this.#changed = true;
    // Work that keeps the event loop busy gives the timer no chance: neither to show what is new, nor what was erased.
    if (line !== undefined || this.#now() - this.#drawnAt >= FRAME_MS) this.#draw();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    this.#stream.off?.("resize", this.#resized);
    this.#erase();
  }

  /** Stages and warnings stay on the screen, and so do evaluations: they are what a run is about. */
  #kept(event: MoonlightEvent): string | undefined {
    if (event.type === "metric") {
      const scores = Object.entries(event.values).filter(([name]) => isScore(name));
      if (scores.length === 0) return undefined;
      return `  ${event.stage ?? ""}: ${metricText({ ...event, values: Object.fromEntries(scores) })}`;
    }
    return permanentLine(event, this.#colors);
  }

  #tick(): void {
    const idle = this.#now() - this.#drawnAt >= IDLE_FRAME_MS;
    if (this.#changed || (idle && this.#drawn > 0)) this.#draw();
  }

  #draw(): void {
    this.#erase();
    const { columns, rows } = this.#size();
    this.#columns = columns;
    const busy = this.#state.tasks.size > 0 || this.#state.metrics.size > 0 || this.#running();
    const lines = busy ? liveFrame(this.#state, this.#now(), { columns, rows }, this.#colors) : [];
    if (lines.length > 0) this.#stream.write(`${lines.join("\n")}\n`);
    this.#drawn = lines.length;
    this.#drawnAt = this.#now();
    this.#changed = false;
  }

  #running(): boolean {
    return [...this.#state.stages.values()].some(({ state }) => state === "running");
  }

  #erase(): void {
    if (this.#drawn > 0) this.#stream.write(`\u001B[${this.#drawn}A\u001B[0J`);
    this.#drawn = 0;
  }

  /** A narrower screen has wrapped the lines that are there: each takes as many rows as its old width needs. */
  #afterResize(): void {
    const { columns } = this.#size();
    if (columns < this.#columns) this.#drawn *= Math.ceil(this.#columns / columns);
    this.#columns = columns;
    this.#draw();
  }

  #size(): { columns: number; rows: number } {
    // A terminal that does not know its size says 0.
    return { columns: this.#stream.columns || 80, rows: this.#stream.rows || 24 };
  }
}
