import { MoonlightError, throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import { scheduleSteps } from "../engine/schedule.ts";
import type { GrpoLoss, Trainer, TrainSample } from "../engine/types.ts";
import { learningRate } from "./learning-rate.ts";
import { meanOf, prefixed, type Metrics } from "./metrics.ts";
import type { Group } from "./rollout.ts";
import { trainData, type TrainData } from "./train-samples.ts";

/**
 * Trains on one rollout: `numStepsPerRollout` optimizer steps over the samples in order, all against the log-probs of before
 * the first (miles backends/megatron_utils/actor.py, model.py). Returns the samples as they were trained on, and
 * train/* and rollout/* metrics.
 */
export async function trainOnRollout(
  trainer: Trainer,
  reference: Float32Array,
  groups: readonly Group[],
  recipe: Recipe,
  rolloutId: number,
  signal: AbortSignal,
): Promise<TrainData> {
  const { samples, metrics: rolloutMetrics } = await trainData(
    trainer,
    reference,
    groups,
    recipe,
    signal,
  );
  const loss = lossOf(recipe);
  const steps: Metrics[] = [];
  for (const [step, batches] of optimizerSteps(samples, recipe).entries()) {
    throwIfAborted(signal);
    const lr = learningRate(recipe, trainer.steps);
    const metrics = await trainer.step(
      batches.flat(),
      loss,
      { ...recipe.optimizer, lr },
      signal,
      recipe.performance.useDynamicBatchSize ? batches.map(({ length }) => length) : undefined,
    );
    assertFinite(metrics, rolloutId, step);
    steps.push(metrics);
  }
  return { samples, metrics: { ...prefixed("train/", meanOf(steps)), ...rolloutMetrics } };
}

/**
 * The samples of each optimizer step by micro-batch. The result of a step does not depend on its micro-batches beyond
 * rounding: those of a fixed number of samples, which know no shared prompts, are left to the trainer's own packing.
 */
function optimizerSteps(
  samples: readonly TrainSample[],
  { rollout, performance }: Recipe,
): TrainSample[][][] {
  const { rolloutBatchSize, nSamplesPerPrompt, numStepsPerRollout, balanceData } = rollout;
  const steps = scheduleSteps(
    samples.map(({ tokens }) => tokens.length),
    {
      ranks: 1,
      globalBatchSize: Math.floor((rolloutBatchSize * nSamplesPerPrompt) / numStepsPerRollout),
      maxTokens: performance.useDynamicBatchSize ? performance.maxTokensPerGpu : null,
      microBatchSize: performance.microBatchSize,
      balance: balanceData,
    },
  );
  return steps.map((ranks) =>
    ranks.flatMap((batches) =>
      batches.map((batch) => batch.map((index) => samples[index] as TrainSample)),
    ),
  );
}

function lossOf({ algorithm, rollout }: Recipe): GrpoLoss {
  const { useTis, tisClipLow, tisClip, useOpsm, opsmDelta, useKlLoss, klLossCoef } = algorithm;
  return {
    kind: "grpo",
    epsClip: algorithm.epsClip,
    epsClipHigh: algorithm.epsClipHigh,
    epsClipC: algorithm.epsClipC ?? undefined,
    klLossCoef: useKlLoss ? klLossCoef : 0,
    klLossType: algorithm.klLossType,
    useUnbiasedKl: algorithm.useUnbiasedKl,
    entropyCoef: algorithm.entropyCoef,
    temperature: rollout.temperature,
    ratio: algorithm.advantageEstimator === "gspo" ? "sequence" : "token",
    opsmDelta: useOpsm ? opsmDelta : undefined,
    tis: useTis ? { low: tisClipLow, high: tisClip } : undefined,
    perTokenLoss: algorithm.calculatePerTokenLoss,
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
