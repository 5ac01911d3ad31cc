import type { Curve } from "./curves.ts";

/**
 * Exponential mean of a curve: `weight` for what came before. The beginning is divided by the weights it has, so that it is not
 * drawn to zero. Not-finite values are kept as they are and count for nothing.
 */
export function smoothed({ steps, values }: Curve, weight: number): Curve {
  let [sum, weights] = [0, 0];
  return {
    steps,
    values: values.map((value) => {
      if (!Number.isFinite(value)) return value;
      sum = sum * weight + value * (1 - weight);
      weights = weights * weight + (1 - weight);
      return sum / weights;
    }),
  };
}
