import type { Recipe } from "@moonlight-rl/recipe";
import { klEstimate } from "../loss/kl-estimate.ts";

type Algorithm = Recipe["algorithm"];

/** Mean and unbiased standard deviation; the deviation of fewer than two values is 0. */
export function moments(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, std: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}

/** Estimators that compare a reward with its group's others. */
const GROUPED: readonly Algorithm["advantageEstimator"][] = [
  "grpo",
  "gspo",
  "reinforce_plus_plus_baseline",
];

/**
 * The rewards of one group as training sees them: centred, and with grpo and gspo divided by (std + 1e-6) unless that is
 * switched off (Dr.GRPO). Source: miles ray/rollout/train_data_conversion.py.
 */
export function normalisedRewards(
  rewards: readonly number[],
  settings: Pick<Algorithm, "advantageEstimator" | "rewardsNormalization" | "grpoStdNormalization">,
): number[] {
  const { advantageEstimator, rewardsNormalization, grpoStdNormalization } = settings;
  if (!rewardsNormalization || !GROUPED.includes(advantageEstimator)) return [...rewards];
  const { mean, std } = moments(rewards);
  const divides = grpoStdNormalization && advantageEstimator !== "reinforce_plus_plus_baseline";
  // A group of one has no spread to divide by (the reference switches the division off as well).
  const scale = divides && rewards.length > 1 ? std + 1e-6 : 1;
  return rewards.map((reward) => (reward - mean) / scale);
}

/** What the advantage of a sample's tokens depends on; arrays have one value per response token. */
export interface RewardedSample {
  /** As {@link normalisedRewards} gives it. */
  readonly reward: number;
  /** Log-probs under the old policy and the reference; needed with a klCoef. */
  readonly logProbs?: ArrayLike<number>;
  readonly refLogProbs?: ArrayLike<number>;
  readonly lossMask: readonly number[];
}

/** The advantage of every response token. Source: miles loss_hub/advantages.py. */
export function tokenAdvantages(
  samples: readonly RewardedSample[],
  settings: Pick<
    Algorithm,
    "advantageEstimator" | "klCoef" | "klLossType" | "gamma" | "normalizeAdvantages"
  >,
): Float32Array[] {
  const { advantageEstimator: estimator, klCoef, klLossType, gamma } = settings;
  const advantages = samples.map((sample) => {
    const { reward, lossMask } = sample;
    if (estimator === "grpo" || estimator === "gspo") {
      return new Float32Array(lossMask.length).fill(reward);
    }
    const penalty = Float32Array.from(lossMask, (_, t) =>
      klCoef === 0
        ? 0
        : -klCoef *
          klEstimate((sample.logProbs?.[t] ?? NaN) - (sample.refLogProbs?.[t] ?? NaN), klLossType),
    );
    return estimator === "reinforce_plus_plus"
      ? discounted(penalty, reward, lossMask, gamma)
      : penalty.map((value) => reward + value);
  });
  return settings.normalizeAdvantages ? whitened(advantages, samples) : advantages;
}

/** Sums of what is still to come, discounted per token; the reward comes with the last token that counts. */
function discounted(
  penalty: Float32Array,
  reward: number,
  lossMask: readonly number[],
  gamma: number,
): Float32Array {
  const returns = new Float32Array(penalty.length);
  const last = lossMask.findLastIndex((value) => value !== 0);
  let running = 0;
  for (let t = penalty.length - 1; t >= 0; t--) {
    running = (penalty[t] ?? 0) + (t === last ? reward : 0) + gamma * running;
    returns[t] = running;
  }
  return returns;
}

/** Zero mean and unit variance over all tokens that count. Source: miles utils/distributed_utils.py. */
function whitened(
  advantages: readonly Float32Array[],
  samples: readonly RewardedSample[],
): Float32Array[] {
  const counted = advantages.flatMap((row, i) =>
    Array.from(row).filter((_, t) => samples[i]?.lossMask[t] !== 0),
  );
  const { mean, std } = moments(counted);
  const scale = 1 / Math.sqrt(std * std + 1e-8);
  return advantages.map((row) => row.map((value) => (value - mean) * scale));
}
