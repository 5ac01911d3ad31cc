import type { HfConfig } from "@moonlight-rl/model";
import { absorbedTensors, absorbSession } from "../inference/absorb.ts";
import { Arena } from "../inference/arena.ts";
import { KeyCache } from "../inference/key-cache.ts";
import { packWeights } from "../inference/pack-weights.ts";
import { planModel, type ModelPlan } from "../inference/plan.ts";
import { planScratch, ROWS } from "../inference/scratch.ts";
import { TaskMemory, type TaskRow } from "../inference/task-memory.ts";
import { Team } from "../inference/team.ts";
import { parameterLayout } from "../model/layout.ts";
import { assertLength } from "../model/parameters.ts";
import { defaultThreads } from "../onnx/session.ts";
import type { ModelSession } from "./graphs.ts";
import type { ParameterLayout, SamplerOptions } from "./types.ts";

const FLOAT = 4;
/** Rows of a unit are about a multiple of this many, which is what the kernels take at once. */
const ROWS_AT_ONCE = 4;

/** The next-token distribution after one token of a prompt. */
export interface PromptPosition {
  /** Index into the prompts that are read together. */
  readonly prompt: number;
  /** The token after which the distribution is wanted; one position a token. */
  readonly token: number;
  /** Logits are divided by this; 0 stands for 1. */
  readonly temperature: number;
}

/** What reading prompts gave. */
export interface PromptReading {
  /** One distribution of `vocab_size` probabilities per position that was asked for. */
  readonly probabilities: readonly Float32Array[];
  /** Of each prompt, the keys of its tokens, for `KeyCache.write`. */
  readonly keys: readonly Float32Array[];
}

/** One sequence of a decoding step. */
export interface DecodingRow {
  /** Its last token, whose key is not cached yet. */
  readonly last: number;
  /** Tokens whose keys are cached; also the position of `last`. */
  readonly cached: number;
  readonly temperature: number;
}

/**
 * Weights, and the threads that read prompts and decode with them. What is computed of a sequence does not depend on
 * others, nor on the number of threads, to the last bit. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`, `ENGINE_MEMORY`.
 */
export class InferenceModel {
  readonly config: HfConfig;
  readonly #layout: ParameterLayout;
  readonly #parameters: Float32Array;
  readonly #threads: number;
  readonly #absorb: ModelSession;
  readonly #arena = new Arena();
  readonly #plan: ModelPlan;
  readonly #task: TaskMemory;
  readonly #team: Team;
  #outputs = { address: 0, bytes: 0 };
  /** Views of the distributions in there, made once, as looking at a typed array's place costs as much as making one. */
  #views:
    | { readonly buffer: ArrayBufferLike; readonly address: number; readonly each: Float32Array[] }
    | undefined;
  #packed = false;

  private constructor(
    { config, parameters }: Pick<SamplerOptions, "config" | "parameters">,
    layout: ParameterLayout,
    threads: number,
    absorb: ModelSession,
  ) {
    this.config = config;
    this.#layout = layout;
    this.#parameters = Float32Array.from(parameters);
    this.#threads = threads;
    this.#absorb = absorb;
    const arena = this.#arena;
    const plan = planModel(config, arena);
    this.#plan = plan;
    this.#task = new TaskMemory(arena, threads, config.num_attention_heads);
    this.#team = new Team({
      config,
      memory: arena.memory,
      plan,
      scratches: Array.from({ length: threads }, () => planScratch(config, plan.dims, arena)),
    });
  }

  static async create(options: Omit<SamplerOptions, "maxBatch">): Promise<InferenceModel> {
    const layout = parameterLayout(options.config);
    assertLength(layout, options.parameters, "parameters");
    const threads = defaultThreads(options.threads);
    const absorb = await absorbSession(options.config, layout);
    return new InferenceModel(options, layout, threads, absorb);
  }

  /** Copies `flat` in. */
  setWeights(flat: Float32Array): void {
    assertLength(this.#layout, flat, "weights");
    this.#parameters.set(flat);
    this.#packed = false;
  }

  async close(): Promise<void> {
    await this.#team.close();
    await this.#absorb.session.close();
  }

  /** A cache for so many sequences, without room at first. The caller frees it. */
  cache(slots: number): KeyCache {
    return new KeyCache(this.#arena, this.#plan.dims, this.config.num_hidden_layers, slots);
  }

  /** Reads prompts (none empty) in one go; memory grows with prompts · longest. */
  async read(
    prompts: readonly (readonly number[])[],
    positions: readonly PromptPosition[],
  ): Promise<PromptReading> {
    await this.prepare();
    const cache = this.cache(prompts.length);
    try {
      cache.resize(
        prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0),
        0,
        () => 0,
      );
      const output = this.#reserveOutputs(positions.length);
      const wanted = prompts.map(() => new Map<number, TaskRow>());
      const rows: TaskRow[] = [];
      positions.forEach(({ prompt, token, temperature }, index) => {
        wanted[prompt]?.set(token, {
          token: 0,
          position: token,
          slot: 0,
          output: output(index),
          inverseTemperature: inverse(temperature),
        });
      });
      const total = prompts.reduce((sum, prompt) => sum + prompt.length, 0);
      const perUnit = this.#rowsPerUnit(total / 2);
      const ends: number[] = [];
      prompts.forEach((prompt, number) => {
        const slot = cache.slot(number);
        prompt.forEach((token, position) => {
          const { output: to = 0, inverseTemperature = 1 } = wanted[number]?.get(position) ?? {};
          rows.push({ token, position, slot, output: to, inverseTemperature });
        });
        // A prompt is never cut, as its tokens need those before them.
        if (rows.length - (ends.at(-1) ?? 0) >= perUnit) ends.push(rows.length);
      });
      if (ends.at(-1) !== rows.length) ends.push(rows.length);
      this.#team.run(this.#task.write(rows, ends, cache.shape), ends.length);
      return {
        probabilities: this.#distributions(positions.length)
          .slice(0, positions.length)
          .map((view) => view.slice()),
        keys: prompts.map((prompt, number) => cache.read(number, prompt.length)),
      };
    } finally {
      cache.free();
    }
  }

  /**
   * One step of the sequences in the cache's first slots: caches the keys of their last tokens, and returns each one's
   * distribution of the next token, views that are valid until the next call. Blocks; after `prepare` only.
   */
  decode(rows: readonly DecodingRow[], cache: KeyCache): readonly Float32Array[] {
    const output = this.#reserveOutputs(rows.length);
    const perUnit = this.#rowsPerUnit(rows.length);
    const ends = Array.from({ length: Math.ceil(rows.length / perUnit) }, (_, unit) =>
      Math.min(rows.length, (unit + 1) * perUnit),
    );
    const taskRows = rows.map(({ last, cached, temperature }, slot) => ({
      token: last,
      position: cached,
      slot: cache.slot(slot),
      output: output(slot),
      inverseTemperature: inverse(temperature),
    }));
    this.#team.run(this.#task.write(taskRows, ends, cache.shape), ends.length);
    return this.#distributions(rows.length);
  }

  /** Makes what decoding needs of the weights, if they are new. */
  async prepare(): Promise<void> {
    if (this.#packed) return;
    const { session, parameters } = this.#absorb;
    const absorbed = absorbedTensors(this.config);
    await session.run(parameters.feeds(this.#parameters), absorbed);
    packWeights(
      new Float32Array(this.#arena.memory.buffer),
      this.config,
      this.#plan,
      this.#layout,
      this.#parameters,
      absorbed,
    );
    this.#packed = true;
  }

  /** Every thread gets a unit, if there is enough for all. */
  #rowsPerUnit(rows: number): number {
    const even = Math.ceil(rows / this.#threads / ROWS_AT_ONCE) * ROWS_AT_ONCE;
    return Math.min(ROWS, Math.max(2 * ROWS_AT_ONCE, even));
  }

  /** Memory for so many distributions; returns each one's address. */
  #reserveOutputs(count: number): (index: number) => number {
    const stride = this.#plan.dims.vocabulary * FLOAT;
    if (count * stride > this.#outputs.bytes) {
      if (this.#outputs.bytes > 0) this.#arena.free(this.#outputs.address);
      const bytes = count * stride;
      this.#outputs = { address: this.#arena.allocate(bytes), bytes };
    }
    const { address } = this.#outputs;
    return (index) => address + index * stride;
  }

  /** Those of the last task; there may be more than `count`. */
  #distributions(count: number): readonly Float32Array[] {
    const { buffer } = this.#arena.memory;
    const { address } = this.#outputs;
    if (this.#views?.buffer !== buffer || this.#views.address !== address)
      this.#views = { buffer, address, each: [] };
    const { each } = this.#views;
    const stride = this.#plan.dims.vocabulary * FLOAT;
    while (each.length < count)
      each.push(new Float32Array(buffer, address + each.length * stride, this.config.vocab_size));
    return each;
  }
}

/** Greedy decoding reports the log-probs of temperature 1. */
function inverse(temperature: number): number {
  return temperature === 0 ? 1 : 1 / temperature;
}
