import { describe, expect, it } from "vitest";
import { adamStep, clipFactor, gradientNorm } from "./adam.ts";
import type { OptimizerSettings, ParameterLayout } from "./types.ts";

const layout: ParameterLayout = {
  total: 4,
  entries: [
    { name: "matrix", shape: [2, 1], offset: 0, size: 2, trainable: true },
    { name: "gain", shape: [1], offset: 2, size: 1, trainable: true },
    { name: "bias", shape: [1], offset: 3, size: 1, trainable: false },
  ],
};
const settings: OptimizerSettings = {
  lr: 0.01,
  weightDecay: 0.1,
  adamBeta1: 0.9,
  adamBeta2: 0.98,
  adamEps: 1e-8,
  clipGrad: 1,
};

describe("adamStep", () => {
  it("follows torch.optim.AdamW, without decay for one-dimensional parameters", () => {
    const state = {
      parameters: Float32Array.of(0.5, -0.25, 1, 7),
      expAvg: new Float32Array(4),
      expAvgSq: new Float32Array(4),
    };
    const want = [0.5, -0.25, 1];
    const m = [0, 0, 0];
    const v = [0, 0, 0];
    for (let step = 1; step <= 5; step++) {
      const gradient = Float32Array.of(0.1 * step, -0.3, 0.02, 9);
      adamStep(layout, state, gradient, 0.5, step, settings);
      for (let i = 0; i < 3; i++) {
        const g = (gradient[i] ?? NaN) * 0.5;
        const p = (want[i] ?? NaN) * (i < 2 ? 1 - 0.01 * 0.1 : 1);
        m[i] = 0.9 * (m[i] ?? NaN) + 0.1 * g;
        v[i] = 0.98 * (v[i] ?? NaN) + 0.02 * g * g;
        const hatM = (m[i] ?? NaN) / (1 - 0.9 ** step);
        const hatV = (v[i] ?? NaN) / (1 - 0.98 ** step);
        want[i] = p - (0.01 * hatM) / (Math.sqrt(hatV) + 1e-8);
      }
    }
    want.forEach((value, i) => expect(state.parameters[i]).toBeCloseTo(value, 6));
    expect(state.parameters[3]).toBe(7);
  });
});

describe("clipping", () => {
  it("takes the norm over trainable parameters and scales only what is too long", () => {
    expect(gradientNorm(layout, Float32Array.of(3, 0, 4, 100))).toBeCloseTo(5, 6);
    expect(clipFactor(5, 1)).toBeCloseTo(0.2, 6);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(5, 0)).toBe(1);
  });
});
