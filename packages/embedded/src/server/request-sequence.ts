import type { Sequence } from "../engine/decoding-batch.ts";
import { CounterRandom } from "../engine/random.ts";
import { drawToken } from "../engine/token-sampling.ts";
import type { GenerationRequest, TokenEvent } from "./generation.ts";
import { scoreToken } from "./scored-token.ts";

/** One sample of a request in the batch. */
export class RequestSequence implements Sequence {
  readonly #request: GenerationRequest;
  readonly #sample: number;
  readonly #random: CounterRandom;
  readonly #stops: ReadonlySet<number>;
  readonly #emit: (event: TokenEvent) => void;
  #count = 0;

  constructor(request: GenerationRequest, sample: number, emit: (event: TokenEvent) => void) {
    this.#request = request;
    this.#sample = sample;
    this.#random = new CounterRandom(request.seed, request.promptIndex, sample);
    this.#stops = new Set(request.stopTokenIds);
    this.#emit = emit;
  }

  get prompt(): readonly number[] {
    return this.#request.prompt;
  }

  get temperature(): number {
    return this.#request.temperature;
  }

  next(probabilities: Float32Array): number | undefined {
    const token = drawToken(probabilities, this.#request, this.#random);
    this.#count++;
    const scored = scoreToken(probabilities, token, this.#request.topLogProbs);
    const finish = this.#finish(token);
    this.#emit({
      kind: "token",
      sample: this.#sample,
      ...scored,
      ...(finish === undefined ? {} : { finish }),
    });
    return finish === undefined ? token : undefined;
  }

  #finish(token: number): "stop" | "length" | undefined {
    if (this.#stops.has(token)) return "stop";
    return this.#count === this.#request.maxNewTokens ? "length" : undefined;
  }
}
