import type { MoonlightEvent } from "@moonlight-rl/core";
import { TaskRates, taskName } from "./task-rates.ts";

type Progress = Extract<MoonlightEvent, { type: "progress" }>;

export interface StageState {
  readonly id: string;
  state: "running" | "reused" | "done" | "failed";
  /** When it began, milliseconds. */
  readonly since: number;
  /** Of a stage that has ended. */
  seconds?: number;
  /** Code of its error. */
  error?: string;
}

export interface TaskState {
  readonly stage: string;
  readonly event: Progress;
  /** Units per second; undefined while it is not known. */
  readonly rate: number | undefined;
}

export interface MetricState {
  readonly stage: string;
  readonly name: string;
  step: number;
  /** The newest values, oldest first. */
  readonly values: number[];
}

export interface Alarm {
  readonly code: string;
  readonly message: string;
  count: number;
}

/** So much of each curve: the widest screen shows no more. */
const HISTORY = 120;

/** What the live view draws, gathered from the event stream. Bounded: by stages, tasks at work, metric names and alarm codes. */
export class LiveState {
  pipeline: string | undefined;
  run: string | undefined;
  /** When the first event came, milliseconds. */
  since: number | undefined;
  readonly stages = new Map<string, StageState>();
  readonly tasks = new Map<string, TaskState>();
  readonly metrics = new Map<string, MetricState>();
  readonly alarms = new Map<string, Alarm>();
  readonly #rates = new TaskRates();

  /** `at`: when it came, in milliseconds of a clock that never jumps; the times within events may. */
  observe(event: MoonlightEvent, at: number): void {
    const stage = event.stage ?? "";
    this.since ??= at;
    switch (event.type) {
      case "run.started":
        this.pipeline = event.pipeline;
        this.run = event.run;
        break;
      case "stage.started":
        this.stages.set(stage, { id: stage, state: "running", since: at });
        // Curves of the stage before are in its table row and in the summary.
        for (const [name, metric] of this.metrics)
          if (this.stages.get(metric.stage)?.state !== "running") this.metrics.delete(name);
        break;
      case "stage.reused":
        this.#end(stage, at, { state: "reused", seconds: event.seconds });
        break;
      case "stage.finished":
        this.#end(stage, at, { state: "done", seconds: event.seconds });
        break;
      case "stage.failed":
        this.#end(stage, at, { state: "failed", seconds: event.seconds, error: event.error.code });
        break;
      case "progress":
        this.#progress(event, stage, at);
        break;
      case "metric":
        for (const [name, value] of Object.entries(event.values))
          this.#metric(stage, name, event.step, Number(value));
        break;
      case "warning": {
        const known = this.alarms.get(event.code);
        this.alarms.set(event.code, {
          code: event.code,
          message: event.message,
          count: (known?.count ?? 0) + 1,
        });
        break;
      }
      default:
    }
  }

  #end(id: string, at: number, ended: Pick<StageState, "state" | "seconds" | "error">): void {
    const since = this.stages.get(id)?.since ?? at;
    this.stages.set(id, { id, since, ...ended });
    for (const [name, task] of this.tasks) if (task.stage === id) this.tasks.delete(name);
  }

  #progress(event: Progress, stage: string, at: number): void {
    const name = taskName(event);
    const rate = this.#rates.rate(event, at);
    if (event.total !== undefined && event.done >= event.total) this.tasks.delete(name);
    else this.tasks.set(name, { stage, event, rate });
  }

  #metric(stage: string, name: string, step: number, value: number): void {
    const known = this.metrics.get(name) ?? { stage, name, step, values: [] };
    known.step = step;
    known.values.push(value);
    if (known.values.length > HISTORY) known.values.shift();
    this.metrics.set(name, known);
  }
}
