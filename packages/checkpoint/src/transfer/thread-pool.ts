import { Worker } from "node:worker_threads";
import { InterruptedError, MoonlightError } from "@moonlight-rl/core";
import type { StoredFilePlan } from "./file-plan.ts";
import {
  reviveError,
  type ThreadCounters,
  type ThreadJob,
  type ThreadReply,
} from "./thread-message.ts";
import type { FileDigest } from "./write-planned-file.ts";

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/transfer/thread.js", import.meta.url);

/** Small heaps: a thread holds one block and the description of one file. */
const LIMITS = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 4 };

const POLL_MS = 100;

export interface PoolOptions {
  readonly threads: number;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ((bytes: number) => void) | undefined;
  /** A file is finished. */
  readonly onDone: (plan: StoredFilePlan, digest: FileDigest) => Promise<void>;
}

/** Runs jobs in threads, the next one in the first thread that is free. After a failure all stop; the first error is thrown. */
export async function runInThreads(
  jobs: readonly ThreadJob[],
  options: PoolOptions,
): Promise<void> {
  const counters: ThreadCounters = {
    bytes: new BigInt64Array(new SharedArrayBuffer(8)),
    stop: new Int32Array(new SharedArrayBuffer(4)),
  };
  let told = 0n;
  const tell = (): void => {
    const now = Atomics.load(counters.bytes, 0);
    const bytes = Number(now - told);
    told = now;
    if (bytes > 0) options.onBytes?.(bytes);
  };
  const stop = (): void => void Atomics.store(counters.stop, 0, 1);
  const poll = setInterval(tell, POLL_MS);
  options.signal?.addEventListener("abort", stop);
  if (options.signal?.aborted === true) stop();
  const queue = jobs.values();
  let failure: unknown;
  const work = async (): Promise<void> => {
    const thread = new JobThread(counters);
    try {
      for (const job of queue) {
        if (Atomics.load(counters.stop, 0) !== 0) throw new InterruptedError();
        await options.onDone(job.plan, await thread.run(job));
      }
    } catch (error) {
      // What the others then say is a consequence of this.
      failure ??= error;
      stop();
    } finally {
      await thread.end();
    }
  };
  try {
    await Promise.all(Array.from({ length: options.threads }, work));
    if (failure !== undefined) throw failure;
    tell();
  } finally {
    clearInterval(poll);
    options.signal?.removeEventListener("abort", stop);
  }
}

class JobThread {
  readonly #worker: Worker;

  #settle: (reply: ThreadReply) => void = () => {};
  #fail: (error: Error) => void = () => {};

  constructor(counters: ThreadCounters) {
    this.#worker = new Worker(THREAD, {
      workerData: counters,
      resourceLimits: LIMITS,
      execArgv: [],
    });
    this.#worker.on("message", (reply: ThreadReply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", (code) =>
      this.#fail(new MoonlightError("THREAD_ENDED", `A writing thread ended with code ${code}.`)),
    );
  }

  async run(job: ThreadJob): Promise<FileDigest> {
    const reply = await new Promise<ThreadReply>((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
      this.#worker.postMessage(job);
    });
    if ("error" in reply) throw reviveError(reply.error);
    return reply.digest;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }
}
