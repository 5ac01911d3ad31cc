import type { HfConfig } from "@moonlight-rl/model";

/** One tensor of a {@link ParameterLayout}. */
export interface ParameterEntry {
  /** The tensor's name in an HF checkpoint. */
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat array. */
  readonly offset: number;
  /** Number of elements. */
  readonly size: number;
  /** False for `e_score_correction_bias`: part of the weights, never touched by the optimizer. */
  readonly trainable: boolean;
}

/** Where each HF tensor lives in the flat float32 parameter array; a function of the config alone. */
export interface ParameterLayout {
  readonly entries: readonly ParameterEntry[];
  /** Length of the flat array. */
  readonly total: number;
}

/** A prompt followed by its response. */
export interface TokenSequence {
  /** Prompt and response tokens. */
  readonly tokens: readonly number[];
  /** How many of `tokens` are the prompt; at least 1, less than `tokens.length`. */
  readonly promptLength: number;
}

/** One sample of an optimizer step. Arrays have one value per response token. */
export interface TrainSample extends TokenSequence {
  /** Log-probs under the policy that the ratio is taken to; required for GRPO. */
  readonly oldLogProbs?: Float32Array;
  /** Log-probs that the sampler gave; with them the mismatch to the trainer is reported. Needed by `tis`. */
  readonly rolloutLogProbs?: Float32Array;
  /** Log-probs that the trainer gave, where `oldLogProbs` are the sampler's; default: `oldLogProbs`. */
  readonly scoredLogProbs?: Float32Array;
  /** Log-probs under the reference; without them `kl_loss` is not reported and must have no coefficient. */
  readonly refLogProbs?: Float32Array;
  /** The advantage: one for all response tokens, or one for each. */
  readonly advantage?: number | Float32Array;
  /** 1 for tokens that count, 0 for those that do not; default all ones. */
  readonly lossMask?: readonly number[];
}

export interface OptimizerSettings {
  readonly lr: number;
  /** Decoupled weight decay (AdamW). As Megatron does, one-dimensional parameters are not decayed. */
  readonly weightDecay: number;
  readonly adamBeta1: number;
  readonly adamBeta2: number;
  readonly adamEps: number;
  /** Largest gradient norm; 0 or less: no clipping. */
  readonly clipGrad: number;
}

export interface SftLoss {
  readonly kind: "sft";
}

export interface GrpoLoss {
  readonly kind: "grpo";
  readonly epsClip: number;
  readonly epsClipHigh: number;
  /** 0: the KL to the reference is reported but adds nothing to the loss. */
  readonly klLossCoef: number;
  readonly klLossType: "k1" | "k2" | "k3" | "low_var_kl";
  readonly entropyCoef: number;
  /** Logits are divided by this before the softmax, as the sampler did. */
  readonly temperature: number;
  /** Dual clip: with a negative advantage the loss is at most this times its size; above 1. Default: none. */
  readonly epsClipC?: number | undefined;
  /** Ratio of each token (default), or one ratio per sample, of its mean log-ratio (GSPO). */
  readonly ratio?: "token" | "sequence";
  /** The KL is weighted by the ratio to the old policy. */
  readonly useUnbiasedKl?: boolean;
  /** Samples with a negative advantage whose mean log-ratio fell by more than this are left out. Default: none. */
  readonly opsmDelta?: number | undefined;
  /** Truncated importance sampling: the policy term is weighted by p_old ÷ p_sampled, clipped to this range. */
  readonly tis?: { readonly low: number; readonly high: number } | undefined;
  /** The loss is a mean over tokens instead of over samples. */
  readonly perTokenLoss?: boolean;
}

export type LossSettings = SftLoss | GrpoLoss;

export interface LogProbOptions {
  /** Flat weights to score with; default: the trainer's current ones. */
  readonly weights?: Float32Array;
  readonly temperature: number;
  readonly signal?: AbortSignal | undefined;
}

/** Everything needed to continue training elsewhere, bit for bit. */
export interface TrainerState {
  readonly parameters: Float32Array;
  /** Adam's first moment, in the parameters' layout. */
  readonly expAvg: Float32Array;
  /** Adam's second moment. */
  readonly expAvgSq: Float32Array;
  /** Optimizer steps taken. */
  readonly steps: number;
}

export interface Trainer {
  readonly layout: ParameterLayout;
  /** Optimizer steps taken. */
  readonly steps: number;
  /** Log-probs of the response tokens of each sample, in the order given. */
  logProbs(samples: readonly TokenSequence[], options: LogProbOptions): Promise<Float32Array[]>;
  /**
   * One optimizer step on the mean over `samples` of each sample's token mean (or over tokens, with `perTokenLoss`), however
   * they are split in micro-batches. Metrics: `loss`, `grad_norm`, `lr`; for GRPO also `pg_loss`, `entropy_loss`,
   * `pg_clipfrac`, `ppo_kl`, `ess_ratio`, and with what they need: `kl_loss` (reference log-probs),
   * `train_rollout_logprob_abs_diff` and `train_rollout_kl` (the sampler's), `ois` and `tis*`, `opsm_clipfrac`.
   * `microBatches`: how many consecutive samples run together; default: as the trainer packs them.
   */
  step(
    samples: readonly TrainSample[],
    loss: LossSettings,
    optimizer: OptimizerSettings,
    signal?: AbortSignal,
    microBatches?: readonly number[],
  ): Promise<Record<string, number>>;
  /** A copy. */
  state(): TrainerState;
  /** Copies `state` in; lengths are checked. */
  load(state: TrainerState): void;
  close(): Promise<void>;
}

export interface TrainerOptions {
  readonly config: HfConfig;
  /** Flat weights in the order of `parameterLayout(config)`; copied. */
  readonly parameters: Float32Array;
  /** Default: the cores available. Results do not depend on it. */
  readonly threads?: number;
  /** Padded tokens (samples × length) that one forward-backward takes at most. */
  readonly maxTokensPerMicroBatch?: number;
}

/** One sampled response. */
export interface Sample {
  readonly promptIndex: number;
  readonly sampleIndex: number;
  /** Response tokens, the stop token included when one was produced. */
  readonly tokens: number[];
  /** Log-prob of each token under the temperature-scaled distribution (before top-p and top-k). */
  readonly logProbs: number[];
  readonly finishReason: "stop" | "length";
}

export interface GenerateRequest {
  /** Token ids of each prompt. */
  readonly prompts: readonly (readonly number[])[];
  /** Samples per prompt. */
  readonly n: number;
  /** 0: greedy. */
  readonly temperature: number;
  /** Nucleus: 1 (default) keeps everything. */
  readonly topP?: number;
  /** -1 or 0 (default): no limit. */
  readonly topK?: number;
  readonly maxNewTokens: number;
  readonly stopTokenIds: readonly number[];
  /** A sample's tokens depend on the weights and on (seed, promptIndex, sampleIndex) only, never on batching. */
  readonly seed: number;
  /** Called as each sample finishes, in an order that is the same on every run. */
  readonly onSample?: (sample: Sample) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface Sampler {
  /** Samples ordered by promptIndex, then sampleIndex. */
  generate(request: GenerateRequest): Promise<Sample[]>;
  /** Copies `flat` in; the next `generate` uses it. */
  setWeights(flat: Float32Array): void;
  close(): Promise<void>;
}

export interface SamplerOptions {
  readonly config: HfConfig;
  /** Flat weights in the order of `parameterLayout(config)`; copied. */
  readonly parameters: Float32Array;
  /** Default: the cores available. Results do not depend on it. */
  readonly threads?: number;
  /** Sequences decoded at once. */
  readonly maxBatch?: number;
}
