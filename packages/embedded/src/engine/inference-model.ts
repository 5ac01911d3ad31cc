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
import type { KeyCache } from "./key-cache.ts";
import type { ParameterLayout, SamplerOptions } from "./types.ts";

/** The next-token distribution after one token of a prompt. */
export interface PromptPosition {
  /** Index into the prompts that are read together. */
  readonly prompt: number;
  /** The token after which the distribution is wanted. */
  readonly token: number;
  /** Logits are divided by this; 0 stands for 1. */
  readonly temperature: number;
}

/** What reading prompts gave. */
export interface PromptReading {
  /** One row of `vocab_size` probabilities per position that was asked for. */
  readonly probabilities: Float32Array;
  /** Per prompt and layer, the keys of its tokens. */
  readonly keys: readonly (readonly Float32Array[])[];
}

/** One sequence of a decoding step. */
export interface DecodingRow {
  /** Its last token, whose key is not cached yet. */
  readonly last: number;
  /** Tokens whose keys are cached; also the position of `last`. */
  readonly cached: number;
  readonly temperature: number;
}

/** Weights with the graphs that read prompts and decode. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`. */
export class InferenceModel {
  readonly config: HfConfig;
  readonly #layout: ParameterLayout;
  readonly #rope: RopeTable;
  readonly #parameters: Float32Array;
  readonly #sessions: Readonly<Record<"absorb" | "prefill" | "decode", ModelSession>>;
  #absorbed: Tensors | undefined;

  private constructor(
    config: HfConfig,
    layout: ParameterLayout,
    parameters: Float32Array,
    sessions: Readonly<Record<"absorb" | "prefill" | "decode", ModelSession>>,
  ) {
    this.config = config;
    this.#layout = layout;
    this.#rope = new RopeTable(config);
    this.#parameters = parameters;
    this.#sessions = sessions;
  }

  static async create(options: Omit<SamplerOptions, "maxBatch">): Promise<InferenceModel> {
    const { config } = options;
    const layout = parameterLayout(config);
    assertLength(layout, options.parameters, "parameters");
    const threads = defaultThreads(options.threads);
    return new InferenceModel(config, layout, Float32Array.from(options.parameters), {
      absorb: await absorbSession(config, layout, threads),
      prefill: await prefillSession(config, layout, threads),
      decode: await decodeSession(config, layout, threads),
    });
  }

  /** Numbers of a key: one per token and layer, shared by all heads. */
  get keyDims(): number {
    return this.config.kv_lora_rank + this.config.qk_rope_head_dim;
  }

  /** Copies `flat` in. */
  setWeights(flat: Float32Array): void {
    assertLength(this.#layout, flat, "weights");
    this.#parameters.set(flat);
    this.#absorbed = undefined;
  }

  async close(): Promise<void> {
    for (const { session } of Object.values(this.#sessions)) await session.close();
  }

  /** Reads prompts (none empty) in one go; memory grows with prompts · longest². */
  async read(
    prompts: readonly (readonly number[])[],
    positions: readonly PromptPosition[],
  ): Promise<PromptReading> {
    const { session, parameters } = this.#sessions.prefill;
    const length = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
    const outputs = await session.run(
      {
        ...parameters.feeds(this.#parameters),
        ...promptFeeds(prompts, this.#rope),
        selected: tensor(
          BigInt64Array.from(positions, ({ prompt, token }) => BigInt(prompt * length + token)),
          [positions.length],
        ),
        inverseTemperature: inverseTemperatures(positions),
      },
      this.#outputs(),
    );
    return {
      probabilities: floats(outputs, "probabilities"),
      keys: prompts.map((prompt, number) => {
        const begin = number * length * this.keyDims;
        return this.#layers().map((layer) =>
          floats(outputs, `key/${layer}`).subarray(begin, begin + prompt.length * this.keyDims),
        );
      }),
    };
  }

  /** One step of the sequences in the cache's first slots: caches the keys of their last tokens and returns what comes next, [rows, vocab]. */
  async decode(rows: readonly DecodingRow[], cache: KeyCache): Promise<Float32Array> {
    const { session, parameters } = this.#sessions.decode;
    this.#absorbed ??= await this.#absorb();
    const count = rows.length;
    const { places } = cache;
    const { cos, sin } = this.#rope.rows(rows.map(({ cached }) => cached));
    const ropeShape = [count, this.config.qk_rope_head_dim];
    const mask = new Float32Array(count * places).fill(HIDDEN);
    rows.forEach(({ cached }, slot) => mask.fill(0, slot * places, slot * places + cached));
    const outputs = await session.run(
      {
        ...parameters.feeds(this.#parameters),
        ...this.#absorbed,
        ...cache.feeds(count),
        tokens: tensor(
          BigInt64Array.from(rows, ({ last }) => BigInt(last)),
          [count],
        ),
        cos: tensor(cos, ropeShape),
        sin: tensor(sin, ropeShape),
        mask: tensor(mask, [count, 1, places]),
        inverseTemperature: inverseTemperatures(rows),
      },
      this.#outputs(),
    );
    for (const layer of this.#layers()) {
      const keys = floats(outputs, `key/${layer}`);
      rows.forEach(({ cached }, slot) => cache.writeRow(layer, slot, cached, keys));
    }
    return floats(outputs, "probabilities");
  }

  async #absorb(): Promise<Tensors> {
    const { session, parameters } = this.#sessions.absorb;
    const into = absorbedTensors(this.config);
    await session.run(parameters.feeds(this.#parameters), into);
    return into;
  }

  #outputs(): Readonly<Record<string, null>> {
    const keys = this.#layers().map((layer) => [`key/${layer}`, null] as const);
    return { probabilities: null, ...Object.fromEntries(keys) };
  }

  #layers(): number[] {
    return Array.from({ length: this.config.num_hidden_layers }, (_, layer) => layer);
  }
}

/** [rows, 1]. Greedy decoding reports the log-probs of temperature 1. */
function inverseTemperatures(rows: readonly { readonly temperature: number }[]): Tensors[string] {
  return tensor(
    Float32Array.from(rows, ({ temperature }) => (temperature === 0 ? 1 : 1 / temperature)),
    [rows.length, 1],
  );
}
