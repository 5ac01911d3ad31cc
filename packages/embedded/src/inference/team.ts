import { Worker } from "node:worker_threads";
import type { HfConfig } from "@moonlight-rl/model";
import { Forward, type ForwardOptions } from "./forward.ts";
import type { ModelPlan } from "./plan.ts";
import type { Scratch } from "./scratch.ts";

/** Words that the threads of a team tell each other by. */
export const SIGNAL = {
  /** Counts tasks, so that a thread that sleeps sees a new one. */
  tasks: 0,
  /** Units of the task that nobody has taken; at most 0 when there are none. */
  left: 1,
  /** Units that are done. */
  done: 2,
  /** Address of the task. */
  task: 3,
  /** 1: the team is dissolved. */
  ended: 4,
  /** 1: a thread has failed. */
  failed: 5,
} as const;

/** How often a helper looks for work before it sleeps; a few hundred microseconds, longer than what is between two steps. */
export const SPINS = 100_000;
/** How often the caller looks whether the others have done theirs, before it lets them have its core. */
const CALLER_SPINS = 20_000;

export interface HelperData extends ForwardOptions {
  readonly signals: SharedArrayBuffer;
}

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/inference/helper-thread.js", import.meta.url);

/** Threads that share the units of a task. The caller's is one of them; without help it does all by itself. */
export class Team {
  readonly #options: TeamOptions;
  readonly #forward: Forward;
  readonly #signals = new Int32Array(new SharedArrayBuffer(Object.keys(SIGNAL).length * 4));
  readonly #helpers: Worker[] = [];
  #failure: Error | undefined;

  constructor(options: TeamOptions) {
    this.#options = options;
    this.#forward = new Forward({
      ...options,
      scratch: options.scratches[0] as Scratch,
      thread: 0,
    });
  }

  /** Runs all units of a task; returns when all are done. */
  run(task: number, units: number): void {
    const signals = this.#signals;
    if (units > 1) this.#callHelpers();
    signals[SIGNAL.task] = task | 0;
    Atomics.store(signals, SIGNAL.done, 0);
    // From here on the others take units.
    Atomics.store(signals, SIGNAL.left, units);
    if (units > 1 && this.#helpers.length > 0) {
      Atomics.add(signals, SIGNAL.tasks, 1);
      Atomics.notify(signals, SIGNAL.tasks);
    }
    takeUnits(this.#forward, signals);
    for (let spins = 0; ; spins++) {
      const done = Atomics.load(signals, SIGNAL.done);
      if (done === units) return;
      if (Atomics.load(signals, SIGNAL.failed) === 1)
        throw new Error("a thread of the sampler has failed", { cause: this.#failure });
      if (spins > CALLER_SPINS) Atomics.wait(signals, SIGNAL.done, done, 10);
    }
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    Atomics.store(this.#signals, SIGNAL.ended, 1);
    Atomics.add(this.#signals, SIGNAL.tasks, 1);
    Atomics.notify(this.#signals, SIGNAL.tasks);
    await Promise.all(this.#helpers.map((helper) => helper.terminate()));
  }

  #callHelpers(): void {
    const { scratches, ...options } = this.#options;
    if (this.#helpers.length > 0) return;
    for (let thread = 1; thread < scratches.length; thread++) {
      const data: HelperData = {
        ...options,
        scratch: scratches[thread] as Scratch,
        thread,
        signals: this.#signals.buffer,
      };
      const helper = new Worker(THREAD, { execArgv: [], workerData: data });
      helper.on("error", (error: Error) => {
        this.#failure = error;
      });
      helper.unref();
      this.#helpers.push(helper);
    }
  }
}

export interface TeamOptions {
  readonly config: HfConfig;
  readonly memory: WebAssembly.Memory;
  readonly plan: ModelPlan;
  /** One for each thread. */
  readonly scratches: readonly Scratch[];
}

/** Does units of the task as long as there are any. */
export function takeUnits(forward: Forward, signals: Int32Array): void {
  for (;;) {
    const left = Atomics.sub(signals, SIGNAL.left, 1);
    if (left <= 0) return;
    forward.run((signals[SIGNAL.task] as number) >>> 0, left - 1);
    Atomics.add(signals, SIGNAL.done, 1);
    Atomics.notify(signals, SIGNAL.done);
  }
}
