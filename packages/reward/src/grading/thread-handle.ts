import { Worker } from "node:worker_threads";
import { MoonlightError } from "@moonlight-rl/core";
import type { Grade, GradingTask } from "../grade.ts";
import {
  newClock,
  type GraderSource,
  type ThreadResult,
  type ThreadSetup,
} from "./thread-message.ts";

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/grading/grading-thread.js", import.meta.url);
const NOT_STARTED = -1;

/** A task, and whom to tell. */
export interface Item {
  readonly task: GradingTask;
  readonly done: (grade: Grade) => void;
  readonly fail: (error: unknown) => void;
}

/** Why a thread is gone. Without an error it was ended at the deadline or ran out of memory over `current`. */
export interface Ending {
  readonly current: Item | undefined;
  /** Tasks without a result, in order. */
  readonly rest: readonly Item[];
  readonly error: MoonlightError | undefined;
}

export interface ThreadOptions {
  readonly source: GraderSource;
  readonly deadlineMs: number;
  readonly memoryMb: number;
  readonly onResults: (results: readonly (readonly [Item, ThreadResult])[]) => void;
  /** The batch is done. */
  readonly onIdle: () => void;
  /** Told once, when the thread is gone. */
  readonly onEnd: (ending: Ending) => void;
}

/** A thread from the outside: gets batches, and is watched while it is at one. */
export class GradingThread {
  readonly #options: ThreadOptions;
  readonly #clock = newClock();
  readonly #worker: Worker;
  /** Items of the batch by position; those with a result are gone. */
  #open = new Map<number, Item>();
  #watch: NodeJS.Timeout | undefined;
  #late: Item | undefined;
  #error: MoonlightError | undefined;

  constructor(options: ThreadOptions) {
    this.#options = options;
    const setup: ThreadSetup = { grader: options.source, clock: this.#clock };
    this.#worker = new Worker(THREAD, {
      workerData: setup,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: options.memoryMb, maxYoungGenerationSizeMb: 32 },
    });
    // Whoever waits for grades keeps the process alive by the watch; an idle thread does not.
    this.#worker.unref();
    this.#worker.on("message", (results: ThreadResult[]) => this.#receive(results));
    this.#worker.on("error", (error) => this.#failed(error));
    this.#worker.on("exit", (code) => this.#exited(code));
  }

  get idle(): boolean {
    return this.#open.size === 0 && this.#late === undefined && this.#error === undefined;
  }

  run(items: readonly Item[]): void {
    this.#open = new Map(items.entries());
    this.#worker.postMessage(items.map(({ task }) => task));
    const { deadlineMs } = this.#options;
    this.#watch = setInterval(() => this.#check(), Math.min(250, Math.max(5, deadlineMs / 10)));
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #receive(results: readonly ThreadResult[]): void {
    const told = results.flatMap((result): [Item, ThreadResult][] => {
      const item = this.#open.get(result.at);
      return item === undefined || item === this.#late ? [] : [[item, result]];
    });
    for (const { at } of results) this.#open.delete(at);
    this.#options.onResults(told);
    if (!this.idle) return;
    clearInterval(this.#watch);
    this.#options.onIdle();
  }

  /** Whether the current task is past its deadline. */
  #check(): void {
    const { current, began } = this.#clock;
    const at = Atomics.load(current, 0);
    const took = Number(process.hrtime.bigint() - Atomics.load(began, 0)) / 1e6;
    if (at === NOT_STARTED || took < this.#options.deadlineMs) return;
    // It may have gone on to the next task between the two looks.
    const item = Atomics.load(current, 0) === at ? this.#open.get(at) : undefined;
    if (item === undefined || this.#late !== undefined) return;
    this.#late = item;
    void this.#worker.terminate();
  }

  #failed(cause: Error): void {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ERR_WORKER_OUT_OF_MEMORY") {
      this.#late = this.#open.get(Atomics.load(this.#clock.current, 0));
      return;
    }
    this.#error = new MoonlightError("GRADER_FAILED", `A grader failed: ${cause.message}`, {
      cause,
    });
  }

  #exited(code: number): void {
    clearInterval(this.#watch);
    const late = this.#late;
    if (late === undefined && this.#open.size > 0) {
      this.#error ??= new MoonlightError(
        "GRADER_FAILED",
        `A grader ended its thread (code ${code}).`,
      );
    }
    const current = late ?? this.#open.get(Atomics.load(this.#clock.current, 0));
    const rest = [...this.#open.values()].filter((item) => item !== current);
    this.#open.clear();
    this.#options.onEnd({ current, rest, error: late === undefined ? this.#error : undefined });
  }
}
