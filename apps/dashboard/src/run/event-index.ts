import { stat } from "node:fs/promises";
import { eventSchema, type MoonlightEvent } from "@moonlight-rl/core";
import { linesFrom } from "../files/tail.ts";
import { Curves } from "../metrics/curves.ts";
import { Alarms } from "./alarms.ts";
import { StageTrack } from "./stage-track.ts";

/** Where a line of the log is; its text stays in the file. */
export interface LogSpan {
  readonly offset: number;
  readonly length: number;
  readonly level: "info" | "warning" | "error";
  readonly stage: string | undefined;
}

type SampleEvent = Extract<MoonlightEvent, { type: "sample" }>;

/** Rollout samples in the event stream that are kept: trainers show a few. */
const SHOWN = 20_000;

/**
 * What is known of a run from its event stream, read as far as it has been written. Memory: the curves (16 bytes a point), 100
 * bytes for each log line, and the samples that the stream shows, at most 20,000.
 */
export class EventIndex {
  readonly #file: string;
  #identity = "";
  #reading: Promise<void> = Promise.resolve();
  position = 0;
  curves = new Curves();
  stages = new Map<string, StageTrack>();
  logs: LogSpan[] = [];
  alarms = new Alarms();
  shown: SampleEvent[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  /** Reads what was added; calls side by side read once. */
  async refresh(): Promise<this> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#more());
    await this.#reading;
    return this;
  }

  async #more(): Promise<void> {
    const found = await stat(this.#file, { bigint: true }).catch(() => undefined);
    const identity = found === undefined ? "" : `${found.ino} ${found.birthtimeNs}`;
    if (identity !== this.#identity || Number(found?.size ?? 0) < this.position) {
      this.#reset();
      this.#identity = identity;
    }
    if (found === undefined || Number(found.size) === this.position) return;
    for await (const line of linesFrom(this.#file, this.position)) {
      const event = parseEvent(line.text);
      if (event !== undefined) this.#note(event, line.offset, line.end - line.offset);
      this.position = line.end;
    }
  }

  #reset(): void {
    this.position = 0;
    this.curves = new Curves();
    this.stages = new Map();
    this.logs = [];
    this.alarms = new Alarms();
    this.shown = [];
  }

  #note(event: MoonlightEvent, offset: number, length: number): void {
    const { stage } = event;
    const log = (level: LogSpan["level"]): void => {
      this.logs.push({ offset, length, level, stage });
    };
    switch (event.type) {
      case "run.started":
        for (const track of this.stages.values()) track.abandon();
        log("info");
        return;
      case "run.finished":
        log(event.status === "failed" ? "error" : "info");
        return;
      case "stage.started":
        this.#track(stage).begin(event);
        log("info");
        return;
      case "stage.reused": {
        const track = this.#track(stage);
        track.key = event.key;
        track.started ??= event.time;
        track.end("reused", event.time, event.seconds);
        log("info");
        return;
      }
      case "stage.finished": {
        const track = this.#track(stage);
        track.output = event.output;
        track.end("ok", event.time, event.seconds);
        log("info");
        return;
      }
      case "stage.failed": {
        const track = this.#track(stage);
        track.error = event.error;
        track.end("failed", event.time, event.seconds);
        this.alarms.add("error", event.error, event);
        log("error");
        return;
      }
      case "progress":
        if (stage !== undefined) this.#track(stage).progress(event);
        return;
      case "metric":
        for (const [name, value] of Object.entries(event.values))
          this.curves.add(stage ?? "", name, event.step, Number(value));
        return;
      case "sample":
        if (event.phase === "rollout" && this.shown.length < SHOWN) this.shown.push(event);
        return;
      case "warning":
        if (stage !== undefined) this.#track(stage).warnings++;
        this.alarms.add("warning", event, event);
        log("warning");
        return;
      default:
        log("info");
    }
  }

  #track(stage = "run"): StageTrack {
    let track = this.stages.get(stage);
    if (track === undefined) this.stages.set(stage, (track = new StageTrack(stage)));
    return track;
  }
}

/** undefined: not an event that this version knows. */
export function parseEvent(text: string): MoonlightEvent | undefined {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
