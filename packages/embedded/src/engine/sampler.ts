import { throwIfAborted, UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { parameterLayout } from "../model/layout.ts";
import { assertLength } from "../model/parameters.ts";
import { RopeTable } from "../model/rope.ts";
import { defaultThreads, floats, tensor, type Tensors } from "../onnx/session.ts";
import { HIDDEN, promptFeeds } from "./batch.ts";
import {
  absorbedTensors,
  absorbSession,
  decodeSession,
  prefillSession,
} from "./decoding-graphs.ts";
import type { ModelSession } from "./graphs.ts";
import { KeyCache } from "./key-cache.ts";
import { CounterRandom } from "./random.ts";
import { drawToken, type SamplingSettings } from "./token-sampling.ts";
import type { GenerateRequest, ParameterLayout, Sample, Sampler, SamplerOptions } from "./types.ts";

const DEFAULT_MAX_BATCH = 256;
/** Places for new tokens that the cache starts with, and grows by. */
const CACHE_GROWTH = 16;
/** Prompts that are read at once. */
const PREFILL_BATCH = 64;

/** A sampler over a copy of `parameters`. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`. */
export async function createSampler(options: SamplerOptions): Promise<Sampler> {
  const layout = parameterLayout(options.config);
  assertLength(layout, options.parameters, "parameters");
  const threads = defaultThreads(options.threads);
  const sessions = {
    absorb: await absorbSession(options.config, layout, threads),
    prefill: await prefillSession(options.config, layout, threads),
    decode: await decodeSession(options.config, layout, threads),
  };
  return new OnnxSampler(options, layout, sessions);
}

interface Sessions {
  readonly absorb: ModelSession;
  readonly prefill: ModelSession;
  readonly decode: ModelSession;
}

/** A sequence being decoded. */
interface Slot {
  readonly promptIndex: number;
  readonly sampleIndex: number;
  readonly random: CounterRandom;
  readonly tokens: number[];
  readonly logProbs: number[];
  /** Tokens whose keys are cached; also the position of the next token. */
  cached: number;
}

/** What reading a prompt gave. */
interface ReadPrompt {
  /** Per layer, the keys of its tokens. */
  readonly keys: readonly Float32Array[];
  readonly probabilities: Float32Array;
}

class OnnxSampler implements Sampler {
  readonly #config: HfConfig;
  readonly #layout: ParameterLayout;
  readonly #sessions: Sessions;
  readonly #maxBatch: number;
  readonly #rope: RopeTable;
  readonly #parameters: Float32Array;
  #absorbed: Tensors | undefined;

  constructor(options: SamplerOptions, layout: ParameterLayout, sessions: Sessions) {
    this.#config = options.config;
    this.#layout = layout;
    this.#sessions = sessions;
    this.#maxBatch = options.maxBatch ?? DEFAULT_MAX_BATCH;
    this.#rope = new RopeTable(options.config);
    this.#parameters = Float32Array.from(options.parameters);
  }

  setWeights(flat: Float32Array): void {
    assertLength(this.#layout, flat, "weights");
    this.#parameters.set(flat);
    this.#absorbed = undefined;
  }

  async generate(request: GenerateRequest): Promise<Sample[]> {
    assertRequest(this.#config, request);
    const { prompts, n, maxNewTokens, seed, signal } = request;
    const settings: SamplingSettings = {
      temperature: request.temperature,
      topP: request.topP ?? 1,
      topK: request.topK ?? 0,
    };
    const stops = new Set(request.stopTokenIds);
    const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
    const total = prompts.length * n;
    const cache = new KeyCache(
      this.#config.num_hidden_layers,
      Math.min(this.#maxBatch, total),
      longest + Math.min(maxNewTokens, CACHE_GROWTH),
      this.#keyDims,
    );
    const results = Array.from<Sample | undefined>({ length: total });
    const slots: Slot[] = [];
    let started = 0;

    /** Appends a token drawn from the probabilities; true when the sample is complete. */
    const extend = (slot: Slot, probabilities: Float32Array): boolean => {
      const token = drawToken(probabilities, settings, slot.random);
      slot.tokens.push(token);
      slot.logProbs.push(Math.log(probabilities[token] as number));
      const stopped = stops.has(token);
      if (!stopped && slot.tokens.length < maxNewTokens) return false;
      const { promptIndex, sampleIndex, tokens, logProbs } = slot;
      const sample: Sample = {
        promptIndex,
        sampleIndex,
        tokens,
        logProbs,
        finishReason: stopped ? "stop" : "length",
      };
      results[promptIndex * n + sampleIndex] = sample;
      request.onSample?.(sample);
      return true;
    };

    let read = new Map<number, ReadPrompt>();
    while (started < total || slots.length > 0) {
      throwIfAborted(signal);
      const free = this.#maxBatch - slots.length;
      // Reading a few prompts costs about as much as reading many: wait until a good part of the batch is free.
      if (started < total && (slots.length === 0 || free * 4 >= this.#maxBatch)) {
        const until = Math.min(total, started + free);
        read = await this.#readPrompts(
          prompts,
          Math.floor(started / n),
          Math.ceil(until / n),
          read,
          request.temperature,
        );
        for (; started < until; started++) {
          const promptIndex = Math.floor(started / n);
          const sampleIndex = started % n;
          const prompt = read.get(promptIndex) as ReadPrompt;
          const slot: Slot = {
            promptIndex,
            sampleIndex,
            random: new CounterRandom(seed, promptIndex, sampleIndex),
            tokens: [],
            logProbs: [],
            cached: (prompts[promptIndex] as readonly number[]).length,
          };
          if (extend(slot, prompt.probabilities)) continue;
          prompt.keys.forEach((keys, layer) => cache.write(layer, slots.length, 0, keys));
          slots.push(slot);
        }
        continue;
      }
      const needed = slots.reduce((most, slot) => Math.max(most, slot.cached), 0) + 1;
      if (needed > cache.places) cache.grow(needed + CACHE_GROWTH);
      const probabilities = await this.#decode(slots, cache, request.temperature);
      const vocabulary = this.#config.vocab_size;
      // From the last slot down, so that the one moved into a hole has been handled already.
      for (let index = slots.length - 1; index >= 0; index--) {
        const row = probabilities.subarray(index * vocabulary, (index + 1) * vocabulary);
        if (!extend(slots[index] as Slot, row)) continue;
        const last = slots.pop() as Slot;
        if (index === slots.length) continue;
        slots[index] = last;
        cache.move(slots.length, index);
      }
    }
    return results as Sample[];
  }

  async close(): Promise<void> {
    for (const { session } of Object.values(this.#sessions) as ModelSession[]) {
      await session.close();
    }
  }

  get #keyDims(): number {
    return this.#config.kv_lora_rank + this.#config.qk_rope_head_dim;
  }

  /** Reads the prompts from `begin` to `end` that are not in `known`; keeps only that range. */
  async #readPrompts(
    prompts: readonly (readonly number[])[],
    begin: number,
    end: number,
    known: ReadonlyMap<number, ReadPrompt>,
    temperature: number,
  ): Promise<Map<number, ReadPrompt>> {
    const { session, parameters } = this.#sessions.prefill;
    const read = new Map<number, ReadPrompt>();
    const missing: number[] = [];
    for (let index = begin; index < end; index++) {
      const prompt = known.get(index);
      if (prompt === undefined) missing.push(index);
      else read.set(index, prompt);
    }
    const layers = this.#layers();
    for (let at = 0; at < missing.length; at += PREFILL_BATCH) {
      const batch = missing.slice(at, at + PREFILL_BATCH);
      const rows = batch.map((index) => prompts[index] as readonly number[]);
      const outputs = await session.run(
        {
          ...parameters.feeds(this.#parameters),
          ...promptFeeds(rows, this.#rope),
          inverseTemperature: inverse(temperature),
        },
        {
          probabilities: null,
          ...Object.fromEntries(layers.map((layer) => [`key/${layer}`, null])),
        },
      );
      const length = rows.reduce((most, row) => Math.max(most, row.length), 0);
      const vocabulary = this.#config.vocab_size;
      rows.forEach((row, number) => {
        const begins = number * length * this.#keyDims;
        read.set(batch[number] as number, {
          keys: layers.map((layer) =>
            floats(outputs, `key/${layer}`).subarray(begins, begins + row.length * this.#keyDims),
          ),
          probabilities: floats(outputs, "probabilities").subarray(
            number * vocabulary,
            (number + 1) * vocabulary,
          ),
        });
      });
    }
    return read;
  }

  /** One step of all slots: caches the key of each slot's last token and returns what comes next, [slots, vocab]. */
  async #decode(
    slots: readonly Slot[],
    cache: KeyCache,
    temperature: number,
  ): Promise<Float32Array> {
    const { session, parameters } = this.#sessions.decode;
    this.#absorbed ??= await this.#absorb();
    const layers = this.#layers();
    const count = slots.length;
    const { cos, sin } = this.#rope.rows(slots.map(({ cached }) => cached));
    const ropeShape = [count, this.#config.qk_rope_head_dim];
    const mask = new Float32Array(count * cache.places).fill(HIDDEN);
    slots.forEach(({ cached }, slot) =>
      mask.fill(0, slot * cache.places, slot * cache.places + cached),
    );
    const outputs = await session.run(
      {
        ...parameters.feeds(this.#parameters),
        ...this.#absorbed,
        ...cache.feeds(count),
        tokens: tensor(
          BigInt64Array.from(slots, ({ tokens }) => BigInt(tokens.at(-1) as number)),
          [count],
        ),
        cos: tensor(cos, ropeShape),
        sin: tensor(sin, ropeShape),
        mask: tensor(mask, [count, 1, cache.places]),
        inverseTemperature: inverse(temperature),
      },
      { probabilities: null, ...Object.fromEntries(layers.map((layer) => [`key/${layer}`, null])) },
    );
    for (const layer of layers) {
      const keys = floats(outputs, `key/${layer}`);
      slots.forEach(({ cached }, slot) =>
        cache.write(
          layer,
          slot,
          cached,
          keys.subarray(slot * this.#keyDims, (slot + 1) * this.#keyDims),
        ),
      );
    }
    for (const slot of slots) slot.cached++;
    return floats(outputs, "probabilities");
  }

  async #absorb(): Promise<Tensors> {
    const { session, parameters } = this.#sessions.absorb;
    const into = absorbedTensors(this.#config);
    await session.run(parameters.feeds(this.#parameters), into);
    return into;
  }

  #layers(): number[] {
    return Array.from({ length: this.#config.num_hidden_layers }, (_, layer) => layer);
  }
}

/** Greedy decoding reports the log-probs of temperature 1. */
function inverse(temperature: number): Tensors[string] {
  return tensor(Float32Array.of(temperature === 0 ? 1 : 1 / temperature), []);
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
