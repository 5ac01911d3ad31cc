import { MoonlightError, throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Trainer, TrainSample } from "../engine/types.ts";
import { normalisedRewards } from "./advantage.ts";
import { mean, meanOf, prefixed, type Metrics } from "./metrics.ts";
import type { Group } from "./rollout.ts";

/**
 * Trains on one rollout (miles backends/megatron_utils/actor.py): reference and old log-probs by the trainer, advantages per
 * group, then `numStepsPerRollout` optimizer steps over the samples in order. Returns train/* and rollout/* metrics.
 */
export async function trainOnRollout(
  trainer: Trainer,
  reference: Float32Array,
  groups: readonly Group[],
  recipe: Recipe,
  rolloutId: number,
  signal: AbortSignal,
): Promise<Metrics> {
  const { algorithm, optimizer, rollout } = recipe;
  const { temperature } = rollout;
  const sequences = groups.flatMap(({ prompt, samples }) =>
    samples.map(({ tokens }) => ({
      tokens: [...prompt.tokens, ...tokens],
      promptLength: prompt.tokens.length,
    })),
  );
  const sampled = groups.flatMap(({ samples }) => samples.map(({ logProbs }) => logProbs));
  const advantages = groups.flatMap(({ samples }) =>
    normalisedRewards(
      samples.map(({ grade }) => grade.reward),
      algorithm,
    ),
  );
  const refLogProbs = algorithm.useKlLoss
    ? await trainer.logProbs(sequences, { weights: reference, temperature, signal })
    : undefined;
  throwIfAborted(signal);
  const oldLogProbs = await trainer.logProbs(sequences, { temperature, signal });

  const samples = sequences.map((sequence, i): TrainSample => {
    const ref = refLogProbs?.[i];
    return {
      ...sequence,
      oldLogProbs: oldLogProbs[i] ?? new Float32Array(0),
      advantage: advantages[i] ?? 0,
      ...(ref === undefined ? {} : { refLogProbs: ref }),
    };
  });
  const steps: Metrics[] = [];
  const perStep = samples.length / rollout.numStepsPerRollout;
  for (let step = 0; step < rollout.numStepsPerRollout; step++) {
    throwIfAborted(signal);
    const metrics = await trainer.step(
      samples.slice(Math.round(step * perStep), Math.round((step + 1) * perStep)),
      {
        kind: "grpo",
        epsClip: algorithm.epsClip,
        epsClipHigh: algorithm.epsClipHigh,
        klLossCoef: algorithm.klLossCoef,
        klLossType: algorithm.klLossType,
        entropyCoef: algorithm.entropyCoef,
        temperature,
      },
      optimizer,
      signal,
    );
    assertFinite(metrics, rolloutId, step);
    steps.push(metrics);
  }
  const flatten = (rows: readonly ArrayLike<number>[]): number[] =>
    rows.map((row) => mean(Array.from(row)));
  const differences = sampled.map((row, i) =>
    mean(row.map((value, t) => Math.abs(value - (oldLogProbs[i]?.[t] ?? NaN)))),
  );
  return {
    ...prefixed("train/", meanOf(steps)),
    "train/train_rollout_logprob_abs_diff": mean(differences),
    "rollout/log_probs": mean(flatten(oldLogProbs)),
    "rollout/rollout_log_probs": mean(flatten(sampled)),
    ...(refLogProbs === undefined ? {} : { "rollout/ref_log_probs": mean(flatten(refLogProbs)) }),
    "rollout/advantages": mean(advantages),
  };
}

/** The reference asserts the same (check_for_nan_in_loss_and_grad). */
function assertFinite(
  metrics: Readonly<Record<string, number>>,
  rolloutId: number,
  step: number,
): void {
  for (const name of ["loss", "grad_norm"]) {
    if (Number.isFinite(metrics[name])) continue;
    throw new MoonlightError(
      "TRAIN_NOT_FINITE",
      `Rollout ${rolloutId}, step ${step}: train/${name} is ${metrics[name]}.`,
      {
        field: "optimizer.lr",
        hint: "The last saved checkpoint is from before this step. Try a smaller learning rate or gradient clip.",
      },
    );
  }
}
