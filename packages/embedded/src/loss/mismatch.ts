import type { GrpoLoss, TrainSample } from "../engine/types.ts";
import { klEstimate } from "./kl-estimate.ts";

/** What the sampler's log-probs say about a token, constant within a step. */
export interface TokenMismatch {
  /** |log p_old − log p_sampled|. */
  readonly train_rollout_logprob_abs_diff: number;
  /** `low_var_kl` of the sampler to the trainer. */
  readonly train_rollout_kl: number;
  /** p_old ÷ p_sampled before clipping. */
  readonly tis: number;
  readonly tis_abs: number;
  readonly tis_clipfrac: number;
}

/** Metric names that are only reported with truncated importance sampling. */
const TIS_METRICS = ["tis", "tis_abs", "tis_clipfrac"] as const;
const PLAIN_METRICS = ["train_rollout_logprob_abs_diff", "train_rollout_kl"] as const;

/** Factor on a token's policy loss: p_old ÷ p_sampled, clipped (miles loss_hub/corrections.py vanilla_tis_function). */
export function correction(
  { scoredLogProbs, rolloutLogProbs, oldLogProbs }: TrainSample,
  index: number,
  tis: GrpoLoss["tis"],
): number {
  if (tis == null) return 1;
  const ratio = importance(scoredLogProbs ?? oldLogProbs, rolloutLogProbs, index);
  return Math.min(Math.max(ratio, tis.low), tis.high);
}

/** Σ weight·x of each mismatch metric; none for samples without the sampler's log-probs. */
export function mismatchMetrics(
  samples: readonly TrainSample[],
  weights: readonly Float32Array[],
  tis: GrpoLoss["tis"],
): Record<string, number> {
  if (samples.some(({ rolloutLogProbs }) => rolloutLogProbs === undefined)) return {};
  const names = tis == null ? PLAIN_METRICS : [...PLAIN_METRICS, ...TIS_METRICS];
  const sums = Object.fromEntries(names.map((name) => [name, 0]));
  samples.forEach((sample, i) => {
    weights[i]?.forEach((weight, index) => {
      if (weight === 0) return;
      const token = tokenMismatch(sample, index, tis);
      for (const name of names) sums[name] = (sums[name] ?? 0) + weight * token[name];
    });
  });
  return sums;
}

function tokenMismatch(sample: TrainSample, index: number, tis: GrpoLoss["tis"]): TokenMismatch {
  const { oldLogProbs, rolloutLogProbs, scoredLogProbs } = sample;
  const difference = (oldLogProbs?.[index] ?? NaN) - (rolloutLogProbs?.[index] ?? NaN);
  const ratio = importance(scoredLogProbs ?? oldLogProbs, rolloutLogProbs, index);
  return {
    train_rollout_logprob_abs_diff: Math.abs(difference),
    train_rollout_kl: klEstimate(-difference, "low_var_kl"),
    tis: ratio,
    tis_abs: Math.abs(ratio - 1),
    tis_clipfrac: ratio === correction(sample, index, tis) ? 0 : 1,
  };
}

function importance(
  scored: Float32Array | undefined,
  sampled: Float32Array | undefined,
  index: number,
): number {
  return Math.exp((scored?.[index] ?? NaN) - (sampled?.[index] ?? NaN));
}
