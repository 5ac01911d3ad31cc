import { setImmediate } from "node:timers/promises";
import { DecodingBatch } from "../engine/decoding-batch.ts";
import type { InferenceModel } from "../engine/inference-model.ts";
import type { EngineEvents, RequestEvent } from "./engine-message.ts";
import type { GenerationRequest } from "./generation.ts";
import { RequestSequence } from "./request-sequence.ts";
import { scorePrompt } from "./score-prompt.ts";

/** A request that has not ended. */
interface Active {
  readonly request: GenerationRequest;
  /** Samples in the batch, by number. */
  readonly running: Map<number, RequestSequence>;
  /** Samples that have not joined the batch yet. */
  waiting: number;
  /** Whether its prompt has still to be scored. */
  unscored: boolean;
}

/**
 * Continuous batching: before every step requests that wait join the batch as far as there is room, in the order they came;
 * after every step what became known is given out at once.
 */
export class GenerationLoop {
  readonly #model: InferenceModel;
  readonly #capacity: number;
  readonly #give: (events: EngineEvents["events"]) => void;
  /** In the order of arrival. */
  readonly #active = new Map<number, Active>();
  /** Sequences of aborted requests: a batch must not change while it steps. */
  readonly #leaving: RequestSequence[] = [];
  #batch: DecodingBatch;
  #events: { readonly id: number; readonly event: RequestEvent }[] = [];
  #turning = false;

  constructor(
    model: InferenceModel,
    capacity: number,
    give: (events: EngineEvents["events"]) => void,
  ) {
    this.#model = model;
    this.#capacity = capacity;
    this.#give = give;
    this.#batch = new DecodingBatch(model, capacity);
  }

  /** Starts a request; its last event is `done` or `failed`. */
  generate(id: number, request: GenerationRequest): void {
    this.#active.set(id, {
      request,
      running: new Map(),
      waiting: request.maxNewTokens === 0 ? 0 : request.n,
      unscored: request.promptLogProbs,
    });
    if (!this.#turning) void this.#turn();
  }

  /**
   * Forgets a request, which then has no more events; or ends one of its samples that has begun. What is unknown is ignored: it
   * may just have ended.
   */
  abort(id: number, sample?: number): void {
    const active = this.#active.get(id);
    if (active === undefined) return;
    for (const [number, sequence] of active.running) {
      if (sample !== undefined && sample !== number) continue;
      this.#leaving.push(sequence);
      active.running.delete(number);
    }
    if (sample === undefined) this.#active.delete(id);
  }

  /** Steps until nothing is left to do. Between steps the thread's other events have their turn. */
  async #turn(): Promise<void> {
    this.#turning = true;
    while (this.#active.size > 0 || this.#leaving.length > 0) {
      // What came at the same moment starts together.
      await setImmediate();
      for (const sequence of this.#leaving.splice(0)) this.#batch.leave(sequence);
      try {
        await this.#scorePrompts();
        await this.#join();
        await this.#batch.step();
      } catch (error) {
        this.#failAll(error);
      }
      this.#giveEvents();
    }
    this.#turning = false;
  }

  async #scorePrompts(): Promise<void> {
    for (const [id, active] of this.#active) {
      if (!active.unscored) continue;
      const event = await scorePrompt(this.#model, active.request);
      active.unscored = false;
      this.#events.push({ id, event });
    }
  }

  async #join(): Promise<void> {
    const joining: RequestSequence[] = [];
    for (const [id, active] of this.#active) {
      const { request, running } = active;
      for (; active.waiting > 0 && joining.length < this.#batch.free; active.waiting--) {
        const sample = request.n - active.waiting;
        const sequence = new RequestSequence(request, sample, (event) => {
          if (event.finish !== undefined) running.delete(sample);
          this.#events.push({ id, event });
        });
        running.set(sample, sequence);
        joining.push(sequence);
      }
    }
    if (joining.length > 0) await this.#batch.join(joining);
  }

  #giveEvents(): void {
    for (const [id, { running, waiting, unscored }] of this.#active) {
      if (running.size > 0 || waiting > 0 || unscored) continue;
      this.#events.push({ id, event: { kind: "done" } });
    }
    // Aborted requests have left `#active`, and finished ones leave it now.
    const events = this.#events.filter(({ id }) => this.#active.has(id));
    this.#events = [];
    for (const { id, event } of events) {
      if (event.kind === "done" || event.kind === "failed") this.#active.delete(id);
    }
    if (events.length > 0) this.#give(events);
  }

  /** After a fault nothing is known of the batch: whoever was in the engine is told, and the next request starts afresh. */
  #failAll(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#batch.close();
    this.#batch = new DecodingBatch(this.#model, this.#capacity);
    this.#events = [];
    this.#leaving.length = 0;
    const ids = [...this.#active.keys()];
    this.#active.clear();
    this.#give(ids.map((id) => ({ id, event: { kind: "failed", message } })));
  }
}
