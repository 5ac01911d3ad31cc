import { availableParallelism } from "node:os";
import { InterruptedError } from "@moonlight-rl/core";
import type { Grade, GradingTask } from "../grade.ts";
import type { Grading } from "./grading.ts";
import { GradingThread, type Ending, type Item } from "./thread-handle.ts";
import { reviveError, type GraderSource, type ThreadResult } from "./thread-message.ts";

const DEADLINE_MS = 10_000;
const MEMORY_MB = 512;
const MAX_THREADS = 4;
/** What a thread gets at once: so many tasks, or so many characters of responses. */
const BATCH_TASKS = 64;
const BATCH_CHARACTERS = 1 << 20;

export interface PoolOptions {
  readonly deadlineMs?: number | undefined;
  readonly threads?: number | undefined;
  readonly memoryMb?: number | undefined;
  /** Reward of a response whose grading was cut off. */
  readonly lowest: number;
}

/**
 * Grades in threads, started when the first task comes. A thread whose grader is still at one response at its deadline, or runs
 * out of memory, is ended: that response is `timed_out`, the others of its batch go to another thread.
 */
export class GradingPool implements Grading {
  readonly #source: GraderSource;
  readonly #deadlineMs: number;
  readonly #memoryMb: number;
  readonly #lowest: number;
  readonly #most: number;
  readonly #threads = new Set<GradingThread>();
  #queue: Item[] = [];
  #closed = false;

  constructor(source: GraderSource, options: PoolOptions) {
    this.#source = source;
    this.#deadlineMs = options.deadlineMs ?? DEADLINE_MS;
    this.#memoryMb = options.memoryMb ?? MEMORY_MB;
    this.#lowest = options.lowest;
    this.#most = options.threads ?? Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1));
  }

  async grade(tasks: readonly GradingTask[], signal?: AbortSignal): Promise<Grade[]> {
    if (this.#closed || signal?.aborted === true) throw new InterruptedError();
    if (tasks.length === 0) return [];
    const grades: Grade[] = [];
    let open = tasks.length;
    let fail: (error: unknown) => void = () => {};
    const abort = (): void => fail(new InterruptedError());
    try {
      await new Promise<void>((resolve, reject) => {
        fail = (error) => {
          this.#queue = this.#queue.filter((item) => item.fail !== fail);
          reject(error);
        };
        signal?.addEventListener("abort", abort, { once: true });
        tasks.forEach((task, at) => {
          const done = (grade: Grade): void => {
            grades[at] = grade;
            if (--open === 0) resolve();
          };
          this.#queue.push({ task, done, fail });
        });
        this.#feed();
      });
    } finally {
      signal?.removeEventListener("abort", abort);
    }
    return grades;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { fail } of this.#queue.splice(0)) fail(new InterruptedError());
    await Promise.all([...this.#threads].map((thread) => thread.end()));
  }

  /** Gives waiting tasks to idle threads, shared out evenly, and starts threads where all are busy. */
  #feed(): void {
    while (this.#queue.length > 0) {
      const idle = [...this.#threads].find((thread) => thread.idle) ?? this.#start();
      if (idle === undefined) return;
      idle.run(this.#take());
    }
  }

  #take(): Item[] {
    const most = Math.min(BATCH_TASKS, Math.ceil(this.#queue.length / this.#most));
    let characters = 0;
    let count = 0;
    for (const { task } of this.#queue) {
      characters += task.response.length;
      if (count > 0 && (count === most || characters > BATCH_CHARACTERS)) break;
      count++;
    }
    return this.#queue.splice(0, count);
  }

  #start(): GradingThread | undefined {
    if (this.#closed || this.#threads.size >= this.#most) return undefined;
    const thread = new GradingThread({
      source: this.#source,
      deadlineMs: this.#deadlineMs,
      memoryMb: this.#memoryMb,
      onResults: (items) => {
        for (const [item, result] of items) settle(item, result);
      },
      onIdle: () => this.#feed(),
      onEnd: (ending) => this.#replace(thread, ending),
    });
    this.#threads.add(thread);
    return thread;
  }

  /** A thread is gone: what it was at is settled, what it had not come to goes to another one. */
  #replace(thread: GradingThread, { current, rest, error }: Ending): void {
    this.#threads.delete(thread);
    if (this.#closed) {
      for (const { fail } of [...(current === undefined ? [] : [current]), ...rest]) {
        fail(new InterruptedError());
      }
      return;
    }
    if (error !== undefined) (current ?? rest[0])?.fail(error);
    else current?.done({ reward: this.#lowest, outcome: "timed_out", extracted: null });
    this.#queue.unshift(
      ...rest.filter(({ fail }) => error === undefined || fail !== current?.fail),
    );
    this.#feed();
  }
}

function settle({ done, fail }: Item, { grade, error }: ThreadResult): void {
  if (grade !== undefined) done(grade);
  else if (error !== undefined) fail(reviveError(error));
}
