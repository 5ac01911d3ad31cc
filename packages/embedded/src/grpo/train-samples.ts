import { throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Trainer, TrainSample } from "../engine/types.ts";
import { tokenWeights } from "../loss/token-weights.ts";
import { normalisedRewards, tokenAdvantages } from "./advantage.ts";
import { mean, type Metrics } from "./metrics.ts";
import type { Group } from "./rollout.ts";

/** A rollout as the optimizer steps take it, and its rollout/* metrics. */
export interface TrainData {
  readonly samples: readonly TrainSample[];
  readonly metrics: Metrics;
}

/**
 * Scores a rollout by the reference and by the trainer, whose log-probs are those of the old policy in all steps, and turns
 * rewards into advantages (miles backends/megatron_utils/actor.py train_actor).
 */
export async function trainData(
  trainer: Trainer,
  reference: Float32Array,
  groups: readonly Group[],
  recipe: Recipe,
  signal: AbortSignal,
): Promise<TrainData> {
  const { algorithm } = recipe;
  const { temperature } = recipe.rollout;
  const sequences = groups.flatMap(({ prompt, samples }) =>
    samples.map(({ tokens }) => ({
      tokens: [...prompt.tokens, ...tokens],
      promptLength: prompt.tokens.length,
    })),
  );
  const sampled = groups.flatMap(({ samples }) => samples);
  const lossMasks = sampled.map(({ tokens, lossMask }) => lossMask ?? tokens.map(() => 1));
  const rolloutLogProbs = sampled.map(({ logProbs }) => Float32Array.from(logProbs));
  const refLogProbs = usesReference(recipe)
    ? await trainer.logProbs(sequences, { weights: reference, temperature, signal })
    : undefined;
  throwIfAborted(signal);
  const oldLogProbs = algorithm.useRolloutLogprobs
    ? rolloutLogProbs
    : await trainer.logProbs(sequences, { temperature, signal });

  const rewards = groups.flatMap(({ samples }) =>
    normalisedRewards(
      samples.map(({ grade }) => grade.reward),
      algorithm,
    ),
  );
  const advantages = tokenAdvantages(
    rewards.map((reward, i) => ({
      reward,
      logProbs: oldLogProbs[i] ?? [],
      refLogProbs: refLogProbs?.[i] ?? [],
      lossMask: lossMasks[i] ?? [],
    })),
    algorithm,
  );
  const samples = sequences.map((sequence, i): TrainSample => {
    const ref = algorithm.useKlLoss ? refLogProbs?.[i] : undefined;
    return {
      ...sequence,
      oldLogProbs: oldLogProbs[i] ?? new Float32Array(0),
      rolloutLogProbs: rolloutLogProbs[i] ?? new Float32Array(0),
      advantage: advantages[i] ?? new Float32Array(0),
      lossMask: lossMasks[i] ?? [],
      ...(ref === undefined ? {} : { refLogProbs: ref }),
    };
  });

  const { weight } = tokenWeights(samples, false);
  const tokenMean = (rows: readonly Float32Array[]): number =>
    rows.reduce(
      (sum, row, i) => row.reduce((total, x, t) => total + x * (weight[i]?.[t] ?? 0), sum),
      0,
    );
  return {
    samples,
    metrics: {
      "rollout/rewards": mean(rewards),
      "rollout/response_lengths": mean(sampled.map(({ tokens }) => tokens.length)),
      "rollout/total_lengths": mean(sequences.map(({ tokens }) => tokens.length)),
      "rollout/truncated": mean(
        sampled.map(({ finishReason }) => (finishReason === "length" ? 1 : 0)),
      ),
      ...(algorithm.useRolloutLogprobs ? {} : { "rollout/log_probs": tokenMean(oldLogProbs) }),
      "rollout/rollout_log_probs": tokenMean(rolloutLogProbs),
      ...(refLogProbs === undefined ? {} : { "rollout/ref_log_probs": tokenMean(refLogProbs) }),
      "rollout/advantages": tokenMean(advantages),
      "rollout/returns": tokenMean(advantages),
    },
  };
}

/** Whether the reference policy is needed at all. */
export function usesReference({ algorithm }: Recipe): boolean {
  return algorithm.useKlLoss || algorithm.klCoef !== 0;
}
