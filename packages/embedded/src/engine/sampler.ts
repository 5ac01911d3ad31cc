import { setImmediate } from "node:timers/promises";
import { throwIfAborted, UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { DecodingBatch, type Sequence } from "./decoding-batch.ts";
import { InferenceModel } from "./inference-model.ts";
import { CounterRandom } from "./random.ts";
import { drawToken, type SamplingSettings } from "./token-sampling.ts";
import type { GenerateRequest, Sample, Sampler, SamplerOptions } from "./types.ts";

const DEFAULT_MAX_BATCH = 256;
/** Milliseconds after which the event loop has a turn: decoding blocks it. */
const TURN = 10;

/** A sampler over a copy of `parameters`. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`. */
export async function createSampler(options: SamplerOptions): Promise<Sampler> {
  const model = await InferenceModel.create(options);
  return new OnnxSampler(model, options.maxBatch ?? DEFAULT_MAX_BATCH);
}

class OnnxSampler implements Sampler {
  readonly #model: InferenceModel;
  readonly #maxBatch: number;

  constructor(model: InferenceModel, maxBatch: number) {
    this.#model = model;
    this.#maxBatch = maxBatch;
  }

  setWeights(flat: Float32Array): void {
    this.#model.setWeights(flat);
  }

  async generate(request: GenerateRequest): Promise<Sample[]> {
    assertRequest(this.#model.config, request);
    const { prompts, n, signal } = request;
    const settings: SamplingSettings = {
      temperature: request.temperature,
      topP: request.topP ?? 1,
      topK: request.topK ?? 0,
    };
    const stops = new Set(request.stopTokenIds);
    const total = prompts.length * n;
    const capacity = Math.min(this.#maxBatch, total);
    const batch = new DecodingBatch(this.#model, capacity);
    const results = Array.from<Sample | undefined>({ length: total });
    const sequenceOf = (index: number): Sequence => {
      const sequence = new SampledSequence(request, settings, stops, index, (sample) => {
        results[index] = sample;
        request.onSample?.(sample);
      });
      return sequence;
    };
    try {
      let started = 0;
      let turned = performance.now();
      while (started < total || batch.size > 0) {
        if (performance.now() - turned > TURN) {
          await setImmediate();
          turned = performance.now();
        }
        throwIfAborted(signal);
        // A few prompts at a time, so that there is work for every thread.
        if (started < total && (batch.size === 0 || batch.free * 16 >= capacity)) {
          const count = Math.min(total - started, batch.free);
          const first = started;
          started += count;
          await batch.join(Array.from({ length: count }, (_, i) => sequenceOf(first + i)));
        } else {
          await batch.step();
        }
      }
    } finally {
      batch.close();
    }
    return results as Sample[];
  }

  async close(): Promise<void> {
    await this.#model.close();
  }
}

/** One sample of a request. */
class SampledSequence implements Sequence {
  readonly prompt: readonly number[];
  readonly temperature: number;
  readonly #sample: Omit<Sample, "finishReason">;
  readonly #random: CounterRandom;
  readonly #settings: SamplingSettings;
  readonly #stops: ReadonlySet<number>;
  readonly #maxNewTokens: number;
  readonly #onSample: (sample: Sample) => void;

  constructor(
    { prompts, n, seed, maxNewTokens }: GenerateRequest,
    settings: SamplingSettings,
    stops: ReadonlySet<number>,
    index: number,
    onSample: (sample: Sample) => void,
  ) {
    const promptIndex = Math.floor(index / n);
    const sampleIndex = index % n;
    this.prompt = prompts[promptIndex] as readonly number[];
    this.temperature = settings.temperature;
    this.#sample = { promptIndex, sampleIndex, tokens: [], logProbs: [] };
    this.#random = new CounterRandom(seed, promptIndex, sampleIndex);
    this.#settings = settings;
    this.#stops = stops;
    this.#maxNewTokens = maxNewTokens;
    this.#onSample = onSample;
  }

  next(probabilities: Float32Array): number | undefined {
    const { tokens, logProbs } = this.#sample;
    const token = drawToken(probabilities, this.#settings, this.#random);
    tokens.push(token);
    logProbs.push(Math.log(probabilities[token] as number));
    const stopped = this.#stops.has(token);
    if (!stopped && tokens.length < this.#maxNewTokens) return token;
    this.#onSample({ ...this.#sample, finishReason: stopped ? "stop" : "length" });
    return undefined;
  }
}
function assertRequest(config: HfConfig, request: GenerateRequest): void {
  const { prompts, n, temperature, topP = 1, maxNewTokens } = request;
  if (!Number.isInteger(n) || n < 1) refuse("n", "a positive integer is needed");
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    refuse("maxNewTokens", "a positive integer is needed");
  }
  if (!(temperature >= 0)) refuse("temperature", "must not be negative");
  if (!(topP > 0 && topP <= 1)) refuse("topP", "must be in (0, 1]");
  prompts.forEach((prompt, index) => {
    if (prompt.length === 0) refuse(`prompts.${index}`, "is empty");
    const bad = prompt.find((token) => !(token >= 0 && token < config.vocab_size));
    if (bad !== undefined) {
      refuse(`prompts.${index}`, `token ${bad} is not in the vocabulary of ${config.vocab_size}`);
    }
  });
}

function refuse(field: string, reason: string): never {
  throw new UsageError("ENGINE_REQUEST_INVALID", `generate: ${field}: ${reason}`, { field });
}
