import type { OptimizerSettings, ParameterLayout } from "./types.ts";

/** L2 norm over all trainable parameters. */
export function gradientNorm(layout: ParameterLayout, gradient: Float32Array): number {
  let sum = 0;
  for (const { offset, size, trainable } of layout.entries) {
    if (!trainable) continue;
    for (let i = offset; i < offset + size; i++) sum += (gradient[i] as number) ** 2;
  }
  return Math.sqrt(sum);
}

/** Factor that brings a gradient of this norm down to `limit`, as Megatron computes it; 1 when it is within. */
export function clipFactor(norm: number, limit: number): number {
  return limit > 0 ? Math.min(1, limit / (norm + 1e-6)) : 1;
}

/**
 * One AdamW step in place, `step` counted from 1. As in Megatron, one-dimensional parameters (norm gains) are not
 * decayed. Arithmetic is double, storage single precision.
 */
export function adamStep(
  layout: ParameterLayout,
  state: {
    readonly parameters: Float32Array;
    readonly expAvg: Float32Array;
    readonly expAvgSq: Float32Array;
  },
  gradient: Float32Array,
  gradientFactor: number,
  step: number,
  settings: OptimizerSettings,
): void {
  const { lr, weightDecay, adamBeta1: beta1, adamBeta2: beta2, adamEps: epsilon } = settings;
  const { parameters, expAvg, expAvgSq } = state;
  const stepSize = lr / (1 - beta1 ** step);
  const rootCorrection = 1 / Math.sqrt(1 - beta2 ** step);
  for (const { offset, size, shape, trainable } of layout.entries) {
    if (!trainable) continue;
    const keep = 1 - (shape.length > 1 ? lr * weightDecay : 0);
    for (let i = offset; i < offset + size; i++) {
      const g = (gradient[i] as number) * gradientFactor;
      const m = beta1 * (expAvg[i] as number) + (1 - beta1) * g;
      const v = beta2 * (expAvgSq[i] as number) + (1 - beta2) * g * g;
      expAvg[i] = m;
      expAvgSq[i] = v;
      parameters[i] =
        (parameters[i] as number) * keep -
        (stepSize * m) / (Math.sqrt(v) * rootCorrection + epsilon);
    }
  }
}
