import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { adamStep, clipFactor, gradientNorm } from "./adam.ts";
import type { ParameterEntry, ParameterLayout } from "./types.ts";

const layout: ParameterLayout = {
  total: 4,
  entries: [
    { name: "matrix", shape: [2, 1], offset: 0, size: 2, trainable: true },
    { name: "gain", shape: [1], offset: 2, size: 1, trainable: true },
    { name: "bias", shape: [1], offset: 3, size: 1, trainable: false },
  ],
};
/** Made by tools/interop/embedded/make_adam.py: torch.optim.AdamW and clip_grad_norm_, from random starts. */
const numbers = z.array(z.number());
const golden = z
  .object({
    shapes: z.record(z.string(), z.array(z.int())),
    cases: z.array(
      z.object({
        settings: z.object({
          lr: z.number(),
          weightDecay: z.number(),
          adamBeta1: z.number(),
          adamBeta2: z.number(),
          adamEps: z.number(),
          clipGrad: z.number(),
        }),
        start: numbers,
        steps: z.array(
          z.object({
            gradient: numbers,
            norm: z.number(),
            parameters: numbers,
            expAvg: numbers,
            expAvgSq: numbers,
          }),
        ),
      }),
    ),
  })
  .parse(
    JSON.parse(
      readFileSync(new URL("../../golden/torch/adamw.json", import.meta.url), "utf8"),
    ) as unknown,
  );

describe("adamStep", () => {
  it.each(golden.cases)("follows torch.optim.AdamW: $settings", ({ settings, start, steps }) => {
    const entries: ParameterEntry[] = [];
    let total = 0;
    for (const [name, shape] of Object.entries(golden.shapes)) {
      const size = shape.reduce((product, length) => product * length, 1);
      entries.push({ name, shape, offset: total, size, trainable: true });
      total += size;
    }
    const state = {
      parameters: Float32Array.from(start),
      expAvg: new Float32Array(total),
      expAvgSq: new Float32Array(total),
    };
    for (const [number, step] of steps.entries()) {
      const gradient = Float32Array.from(step.gradient);
      const norm = gradientNorm({ entries, total }, gradient);
      expect(norm / step.norm).toBeCloseTo(1, 5);
      const factor = clipFactor(norm, settings.clipGrad);
      adamStep({ entries, total }, state, gradient, factor, number + 1, settings);
      for (const name of ["parameters", "expAvg", "expAvgSq"] as const) {
        step[name].forEach((want, i) => {
          const got = state[name][i] ?? NaN;
          expect(Math.abs(got - want), `${name}[${i}]`).toBeLessThan(
            2e-6 * Math.max(1, Math.abs(want)),
          );
        });
      }
    }
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
