import type { Recipe } from "@moonlight-rl/recipe";

/**
 * The learning rate of the optimizer step after `done` earlier ones. Source: Megatron-LM
 * megatron/core/optimizer_param_scheduler.py get_lr, with miles' units: it counts samples, and its horizon is the whole run.
 */
export function learningRate({ optimizer, rollout }: Recipe, done: number): number {
  const { lr, minLr, lrDecayStyle: style } = optimizer;
  const samples = rollout.rolloutBatchSize * rollout.nSamplesPerPrompt;
  const batch = Math.floor(samples / rollout.numStepsPerRollout);
  const iterations = optimizer.lrDecayIters ?? Math.floor((rollout.numRollout * samples) / batch);
  const horizon = iterations * batch;
  const warmup =
    optimizer.lrWarmupFraction === null
      ? optimizer.lrWarmupIters * batch
      : optimizer.lrWarmupFraction * horizon;
  const now = done * batch;

  if (warmup > 0 && now <= warmup) {
    return optimizer.lrWarmupInit + ((lr - optimizer.lrWarmupInit) * now) / warmup;
  }
  if (style === "constant") return lr;
  if (now > horizon) return minLr;
  if (style === "inverse-square-root") {
    return Math.max(minLr, lr * Math.sqrt(Math.max(warmup, 1) / Math.max(now, 1)));
  }
  if (style === "WSD") {
    const decay = (optimizer.lrWsdDecayIters ?? 0) * batch;
    const begin = horizon - decay;
    const share = now <= begin ? 0 : (now - begin) / decay;
    return minLr + (lr - minLr) * falling(optimizer.lrWsdDecayStyle, share);
  }
  return minLr + (lr - minLr) * falling(style, (now - warmup) / (horizon - warmup));
}

/** From 1 at a share of 0 to 0 at 1. */
function falling(
  style: "linear" | "cosine" | Recipe["optimizer"]["lrWsdDecayStyle"],
  share: number,
): number {
  if (style === "linear") return 1 - share;
  if (style === "cosine") return (Math.cos(Math.PI * share) + 1) / 2;
  if (style === "exponential") return 2 * 0.5 ** share - 1;
  return 1 - Math.sqrt(share);
}
