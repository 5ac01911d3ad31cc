import { MoonlightError, throwIfAborted, UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import { mismatchMetrics } from "../loss/mismatch.ts";
import { policyShapeKey } from "../loss/policy.ts";
import { tokenWeights } from "../loss/token-weights.ts";
import { parameterLayout } from "../model/layout.ts";
import { assertLength } from "../model/parameters.ts";
import { RopeTable } from "../model/rope.ts";
import { defaultThreads, floats, tensor, type Tensors } from "../onnx/session.ts";
import { AdamState, clipFactor, gradientNorm } from "./adam.ts";
import { batchFeeds } from "./batch.ts";
import { scoringSession, trainingSession, type ModelSession } from "./graphs.ts";
import { lossFeeds } from "./loss-feeds.ts";
import { packConsecutive, packSequences } from "./packing.ts";
import type {
  GrpoLoss,
  LogProbOptions,
  LossSettings,
  OptimizerSettings,
  ParameterLayout,
  TokenSequence,
  Trainer,
  TrainerOptions,
  TrainerState,
  TrainSample,
} from "./types.ts";

/** Large enough to keep the cores busy, small enough that activations stay in the cache. */
const DEFAULT_TOKENS_PER_MICRO_BATCH = 2048;

/**
 * A trainer over copies of `parameters`. Throws `ENGINE_MODEL_UNSUPPORTED`, `ENGINE_PARAMETER_COUNT`.
 */
export async function createTrainer(options: TrainerOptions): Promise<Trainer> {
  const layout = parameterLayout(options.config);
  assertLength(layout, options.parameters, "parameters");
  return new OnnxTrainer(options, layout);
}

class OnnxTrainer implements Trainer {
  readonly layout: ParameterLayout;
  readonly #config: HfConfig;
  readonly #threads: number;
  readonly #maxTokens: number;
  readonly #rope: RopeTable;
  readonly #sessions = new Map<string, Promise<ModelSession>>();
  readonly #adam: AdamState;
  readonly #partial: Float32Array;
  #steps = 0;

  constructor(options: TrainerOptions, layout: ParameterLayout) {
    this.layout = layout;
    this.#config = options.config;
    this.#threads = defaultThreads(options.threads);
    this.#maxTokens = options.maxTokensPerMicroBatch ?? DEFAULT_TOKENS_PER_MICRO_BATCH;
    this.#rope = new RopeTable(options.config);
    this.#adam = new AdamState(layout);
    this.#adam.parameters.set(options.parameters);
    this.#partial = new Float32Array(layout.total);
  }

  async logProbs(
    samples: readonly TokenSequence[],
    { weights, temperature, signal }: LogProbOptions,
  ): Promise<Float32Array[]> {
    assertSequences(this.#config, samples);
    if (weights !== undefined) assertLength(this.layout, weights, "weights");
    const { session, parameters } = await this.#session("score", () =>
      scoringSession(this.#config, this.layout, this.#threads),
    );
    const feeds = parameters.feeds(weights ?? this.#adam.parameters);
    const result = samples.map(
      ({ tokens, promptLength }) => new Float32Array(tokens.length - promptLength),
    );
    for (const batch of packSequences(samples, this.#maxTokens)) {
      throwIfAborted(signal);
      const { feeds: inputs, scored } = batchFeeds(batch, samples, this.#rope);
      const outputs = await session.run(
        { ...feeds, ...inputs, inverseTemperature: scalar(1 / temperature) },
        { logProbs: null },
      );
      const values = floats(outputs, "logProbs");
      scored.forEach(({ sample, index }, token) => {
        (result[sample] as Float32Array)[index] = values[token] as number;
      });
    }
    return result;
  }

  async step(
    samples: readonly TrainSample[],
    loss: LossSettings,
    optimizer: OptimizerSettings,
    signal?: AbortSignal,
    microBatches?: readonly number[],
  ): Promise<Record<string, number>> {
    assertSequences(this.#config, samples);
    if (loss.kind === "grpo") assertPolicySamples(samples, loss);
    const { session, parameters, metrics } = await this.#session(sessionKey(loss), () =>
      trainingSession(this.#config, this.layout, this.#threads, loss),
    );
    const feeds = parameters.feeds(this.#adam.parameters);
    const weights = tokenWeights(samples, loss.kind === "grpo" && loss.perTokenLoss === true);
    const sums = new Map(metrics.map((name) => [name, 0]));
    const batches =
      microBatches === undefined
        ? packSequences(samples, this.#maxTokens)
        : packConsecutive(samples, microBatches);
    for (const [number, batch] of batches.entries()) {
      throwIfAborted(signal);
      const target = number === 0 ? this.#adam.gradient : this.#partial;
      const { feeds: inputs, scored } = batchFeeds(batch, samples, this.#rope);
      const outputs = await session.run(
        { ...feeds, ...inputs, ...lossFeeds(loss, samples, scored, weights) },
        {
          ...parameters.gradients(target),
          ...Object.fromEntries(metrics.map((name) => [name, null])),
        },
      );
      for (const name of metrics) {
        sums.set(name, (sums.get(name) ?? 0) + (floats(outputs, name)[0] ?? NaN));
      }
      if (number > 0) addInto(this.#adam.gradient, this.#partial);
    }
    throwIfAborted(signal);
    const constant = loss.kind === "grpo" ? mismatchMetrics(samples, weights.weight, loss.tis) : {};
    return { ...this.#update(sums, loss, samples, optimizer), ...constant };
  }

  get steps(): number {
    return this.#steps;
  }

  state(): TrainerState {
    return {
      parameters: Float32Array.from(this.#adam.parameters),
      expAvg: Float32Array.from(this.#adam.expAvg),
      expAvgSq: Float32Array.from(this.#adam.expAvgSq),
      steps: this.#steps,
    };
  }

  load(state: TrainerState): void {
    assertLength(this.layout, state.parameters, "parameters");
    assertLength(this.layout, state.expAvg, "expAvg");
    assertLength(this.layout, state.expAvgSq, "expAvgSq");
    this.#adam.parameters.set(state.parameters);
    this.#adam.expAvg.set(state.expAvg);
    this.#adam.expAvgSq.set(state.expAvgSq);
    this.#steps = state.steps;
  }

  async close(): Promise<void> {
    for (const { session } of await Promise.all(this.#sessions.values())) await session.close();
    this.#sessions.clear();
  }

  #update(
    sums: ReadonlyMap<string, number>,
    loss: LossSettings,
    samples: readonly TrainSample[],
    optimizer: OptimizerSettings,
  ): Record<string, number> {
    const norm = gradientNorm(this.layout, this.#adam.gradient);
    if (!Number.isFinite(norm)) {
      throw new MoonlightError(
        "TRAIN_NOT_FINITE",
        `step ${this.#steps + 1}: the gradient norm is ${norm}`,
        { hint: "Lower the learning rate; the weights are those of before this step." },
      );
    }
    this.#steps++;
    this.#adam.step(clipFactor(norm, optimizer.clipGrad), this.#steps, optimizer);
    const metrics = Object.fromEntries(sums);
    if (loss.kind === "grpo" && samples.some(({ refLogProbs }) => refLogProbs === undefined)) {
      delete metrics["kl_loss"];
    }
    return { ...metrics, grad_norm: norm, lr: optimizer.lr };
  }

  #session(key: string, make: () => Promise<ModelSession>): Promise<ModelSession> {
    const known = this.#sessions.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#sessions.set(key, made);
    return made;
  }
}

function sessionKey(loss: LossSettings): string {
  return loss.kind === "sft" ? "sft" : `grpo/${policyShapeKey(loss)}`;
}

function scalar(value: number): Tensors[string] {
  return tensor(Float32Array.of(value), []);
}

function addInto(sum: Float32Array, part: Float32Array): void {
  for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + (part[i] as number);
}

function assertSequences(config: HfConfig, samples: readonly TokenSequence[]): void {
  samples.forEach(({ tokens, promptLength }, index) => {
    if (promptLength < 1 || promptLength >= tokens.length) {
      throw new UsageError(
        "ENGINE_SAMPLE_INVALID",
        `sample ${index}: a prompt and a response of at least one token each are needed`,
        { field: `samples.${index}.promptLength` },
      );
    }
    const bad = tokens.find((token) => !(token >= 0 && token < config.vocab_size));
    if (bad !== undefined) {
      throw new UsageError(
        "ENGINE_TOKEN_OUT_OF_RANGE",
        `sample ${index}: token ${bad} is not in the vocabulary of ${config.vocab_size}`,
        {
          field: `samples.${index}.tokens`,
          hint: "Tokenizer and checkpoint do not belong together.",
        },
      );
    }
  });
}

function assertPolicySamples(samples: readonly TrainSample[], loss: GrpoLoss): void {
  samples.forEach((sample, index) => {
    const { advantage } = sample;
    const count = sample.tokens.length - sample.promptLength;
    const refuse = (field: string, reason: string): never => {
      throw new UsageError("ENGINE_SAMPLE_INVALID", `sample ${index}: ${field}: ${reason}`, {
        field: `samples.${index}.${field}`,
      });
    };
    if (advantage === undefined) refuse("advantage", "needed by the GRPO loss");
    if (typeof advantage === "object" && advantage.length !== count) {
      refuse("advantage", `one value, or ${count}, are needed`);
    }
    const needed = {
      oldLogProbs: true,
      refLogProbs: loss.klLossCoef !== 0,
      rolloutLogProbs: loss.tis != null,
      scoredLogProbs: false,
    };
    for (const [name, must] of Object.entries(needed) as [keyof typeof needed, boolean][]) {
      const values = sample[name];
      if (values === undefined ? must : values.length !== count) {
        refuse(name, `${count} values are needed`);
      }
    }
  });
}
