import type { TrainSample } from "../engine/types.ts";

/** How the scored tokens of a step are averaged; one array per sample, one value per response token. */
export interface TokenWeights {
  /** Share of the token in the loss and in every metric. */
  readonly weight: readonly Float32Array[];
  /** Mask ÷ max(Σ mask, 1): share of the token in its own sample. */
  readonly share: readonly Float32Array[];
  /** Per sample: what each of its tokens, masked or not, adds to a mean of counts per counted token. */
  readonly countWeight: readonly number[];
}

/**
 * The mean over samples of each sample's masked token mean, or with `perToken` the mean over all counted tokens, where a
 * sample without any counts as one (miles training_utils/loss.py, cp_utils.py).
 */
export function tokenWeights(samples: readonly TrainSample[], perToken: boolean): TokenWeights {
  const masks = samples.map(({ tokens, promptLength, lossMask }) =>
    Float32Array.from(
      { length: tokens.length - promptLength },
      (_, index) => lossMask?.[index] ?? 1,
    ),
  );
  const counts = masks.map((mask) =>
    Math.max(
      mask.reduce((sum, value) => sum + value, 0),
      1,
    ),
  );
  const normaliser = perToken ? counts.reduce((sum, count) => sum + count, 0) : samples.length;
  const count = (i: number): number => counts[i] ?? 1;
  return {
    weight: masks.map((mask, i) =>
      mask.map((value) => value / (perToken ? normaliser : count(i) * normaliser)),
    ),
    share: masks.map((mask, i) => mask.map((value) => value / count(i))),
    countWeight: masks.map((_, i) => 1 / (count(i) * normaliser)),
  };
}
