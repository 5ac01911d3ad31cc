import type { MoonlightEvent } from "@moonlight-rl/core";
import { TaskRates } from "@moonlight-rl/pipeline";
import type { StageState, Task } from "../api/run.ts";

type Of<T extends MoonlightEvent["type"]> = Extract<MoonlightEvent, { type: T }>;

/** What the events of a run say about one of its stages. */
export class StageTrack {
  readonly id: string;
  state: StageState["state"] = "running";
  key: string | undefined;
  reason: string | undefined;
  started: string | undefined;
  finished: string | undefined;
  seconds: number | undefined;
  warnings = 0;
  error: StageState["error"];
  input: unknown;
  output: unknown;
  readonly #tasks = new Map<string, { event: Of<"progress">; rate: number | undefined }>();
  #rates = new TaskRates();

  constructor(id: string) {
    this.id = id;
  }

  begin(event: Of<"stage.started">): void {
    this.state = "running";
    this.key = event.key;
    this.reason = event.reason;
    this.started = event.time;
    this.finished = undefined;
    this.seconds = undefined;
    this.error = undefined;
    this.input = event.input;
    this.#tasks.clear();
    this.#rates = new TaskRates();
  }

  progress(event: Of<"progress">): void {
    this.#tasks.set(event.task, { event, rate: this.#rates.rate(event) });
  }

  end(state: "ok" | "reused" | "failed", time: string, seconds: number): void {
    this.state = state;
    this.finished = time;
    this.seconds = seconds;
  }

  /** Its process is gone. */
  abandon(): void {
    if (this.state === "running") this.state = "interrupted";
  }

  tasks(): Task[] {
    return [...this.#tasks.values()].map(({ event, rate }) => {
      const { task, done, total, unit, message } = event;
      const left = total === undefined ? undefined : total - done;
      const eta =
        left !== undefined && rate !== undefined && rate > 0 && this.state === "running"
          ? left / rate
          : undefined;
      return {
        task,
        done,
        unit,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
        ...(rate === undefined ? {} : { rate }),
        ...(eta === undefined ? {} : { eta }),
      };
    });
  }
}
