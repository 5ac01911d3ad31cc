import { Worker } from "node:worker_threads";
import { MoonlightError, TemporaryError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import type { EngineCommand, EngineReply, EngineThreadData } from "./engine-message.ts";
import { assertGeneration } from "./assert-generation.ts";
import { EventQueue } from "./event-queue.ts";
import type { GenerationEvent, GenerationRequest } from "./generation.ts";

export interface GenerationServiceOptions {
  readonly config: HfConfig;
  /** Flat weights in the order of `parameterLayout(config)`; copied. */
  readonly parameters: Float32Array;
  /** Sequences decoded at once; default 64. */
  readonly maxConcurrency?: number;
  /** Sequences that may wait for their turn beyond those; default 1024. */
  readonly maxWaiting?: number;
  /** Prompt and response tokens of a sequence; default and most: the model's `max_position_embeddings`. */
  readonly contextLength?: number;
  /** Threads of the engine; default: the cores available. Results do not depend on it. */
  readonly threads?: number;
}

/** The events of one request, to be read once; leaving the loop early aborts the request. */
export interface Generation extends AsyncIterable<GenerationEvent> {
  /** Ends the request: its remaining events are those that were known already. */
  abort(): void;
  /** Ends one of its samples that has begun; a few more of its tokens may still come. */
  endSample(sample: number): void;
}

/** The compiled file, also when this one runs as source in a test: threads of Node 20 do not read TypeScript. */
const THREAD = new URL("../../dist/server/engine-thread.js", import.meta.url);
export const DEFAULT_MAX_CONCURRENCY = 64;
const DEFAULT_MAX_WAITING = 1024;
/** Temperatures that are greedy decoding in all but name, and would overflow float32. */
const GREEDY_BELOW = 1e-6;

interface Pending {
  readonly queue: EventQueue<GenerationEvent>;
  readonly samples: number;
}

/**
 * Generates for many callers at once. The engine runs in a thread of its own with continuous batching; this thread's event loop
 * stays free. A request's tokens depend on the weights, its prompt, settings and seed only, not on its company.
 */
export class GenerationService {
  readonly config: HfConfig;
  readonly contextLength: number;
  readonly maxConcurrency: number;
  /** Sequences that are running or waiting at most. */
  readonly limit: number;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #sequences = 0;
  #requests = 0;
  #ended: MoonlightError | undefined;

  private constructor(options: GenerationServiceOptions, worker: Worker) {
    const { config } = options;
    this.config = config;
    this.contextLength = Math.min(
      options.contextLength ?? Infinity,
      config.max_position_embeddings,
    );
    this.maxConcurrency = options.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY;
    this.limit = this.maxConcurrency + (options.maxWaiting ?? DEFAULT_MAX_WAITING);
    this.#worker = worker;
    worker.on("message", (reply: EngineReply) => this.#receive(reply));
    worker.once("error", (cause) => this.#end(cause));
    worker.once("exit", () => this.#end(undefined));
  }

  /** Starts the engine. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`, `GENERATION_ENGINE_ENDED`. */
  static async start(options: GenerationServiceOptions): Promise<GenerationService> {
    const data: EngineThreadData = {
      config: options.config,
      parameters: options.parameters,
      threads: options.threads,
      maxConcurrency: options.maxConcurrency ?? DEFAULT_MAX_CONCURRENCY,
    };
    const worker = new Worker(THREAD, { execArgv: [], workerData: data });
    try {
      await started(worker);
    } catch (error) {
      await worker.terminate();
      throw error;
    }
    return new GenerationService(options, worker);
  }

  /** Whether the engine lives. */
  get healthy(): boolean {
    return this.#ended === undefined;
  }

  /** Sequences that run or wait. */
  get load(): number {
    return this.#sequences;
  }

  /**
   * Starts a request. Throws `GENERATION_INVALID` (the field is named), `GENERATION_QUEUE_FULL` (try again later),
   * `GENERATION_ENGINE_ENDED`; iterating throws `GENERATION_FAILED` when the engine has failed on the batch.
   */
  generate(request: GenerationRequest): Generation {
    assertGeneration(this.config, this.contextLength, this.limit, request);
    if (this.#ended !== undefined) throw this.#ended;
    if (this.#sequences + request.n > this.limit) {
      throw new TemporaryError(
        "GENERATION_QUEUE_FULL",
        `${this.#sequences} sequences run or wait already; the limit is ${this.limit}.`,
        { hint: "Try again when some have ended." },
      );
    }
    const { temperature } = request;
    const settled = temperature < GREEDY_BELOW ? { ...request, temperature: 0 } : request;
    const id = this.#requests++;
    const queue = new EventQueue<GenerationEvent>(() => this.#abort(id));
    this.#pending.set(id, { queue, samples: request.n });
    this.#sequences += request.n;
    this.#send({ op: "generate", id, request: settled });
    return {
      [Symbol.asyncIterator]: () => queue[Symbol.asyncIterator](),
      abort: () => queue.abort(),
      endSample: (sample) => {
        if (this.#pending.has(id)) this.#send({ op: "abort", id, sample });
      },
    };
  }

  /** Ends the engine; requests that are not complete fail with `GENERATION_ENGINE_ENDED`. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #abort(id: number): void {
    if (this.#take(id) !== undefined) this.#send({ op: "abort", id });
  }

  #receive(reply: EngineReply): void {
    if (reply.op !== "events") return;
    for (const { id, event } of reply.events) {
      if (event.kind === "done") this.#take(id)?.queue.end();
      else if (event.kind === "failed") {
        const error = new MoonlightError(
          "GENERATION_FAILED",
          `The engine failed: ${event.message}`,
          {
            hint: "The request can be sent again.",
          },
        );
        this.#take(id)?.queue.fail(error);
      } else this.#pending.get(id)?.queue.push(event);
    }
  }

  #take(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    this.#pending.delete(id);
    this.#sequences -= pending.samples;
    return pending;
  }

  #end(cause: unknown): void {
    this.#ended ??= new MoonlightError("GENERATION_ENGINE_ENDED", "The engine has ended.", {
      cause,
    });
    for (const id of this.#pending.keys()) this.#take(id)?.queue.fail(this.#ended);
  }

  #send(command: EngineCommand): void {
    this.#worker.postMessage(command);
  }
}

async function started(worker: Worker): Promise<void> {
  const reply = await new Promise<EngineReply>((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () =>
      reject(new MoonlightError("GENERATION_ENGINE_ENDED", "The engine has ended.")),
    );
  });
  if (reply.op !== "refused") return;
  const { code, message, hint, field } = reply.error;
  throw new MoonlightError(code, message, {
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
  });
}
