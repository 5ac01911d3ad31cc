import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AdamState, clipFactor, gradientNorm } from "./adam.ts";
import type { OptimizerSettings, ParameterEntry, ParameterLayout } from "./types.ts";

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

describe("AdamState", () => {
  it.each(golden.cases)("follows torch.optim.AdamW: $settings", ({ settings, start, steps }) => {
    const entries: ParameterEntry[] = [];
    let total = 0;
    for (const [name, shape] of Object.entries(golden.shapes)) {
      const size = shape.reduce((product, length) => product * length, 1);
      entries.push({ name, shape, offset: total, size, trainable: true });
      total += size;
    }
    const state = new AdamState({ entries, total });
    state.parameters.set(start);
    for (const [number, step] of steps.entries()) {
      state.gradient.set(step.gradient);
      const norm = gradientNorm({ entries, total }, state.gradient);
      expect(norm / step.norm).toBeCloseTo(1, 5);
      state.step(clipFactor(norm, settings.clipGrad), number + 1, settings);
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

it("computes each parameter as doubles do, whatever the number of them, and no other", () => {
  const settings = { ...(golden.cases[0]?.settings as OptimizerSettings), weightDecay: 0.1 };
  const state = new AdamState(layout);
  const start = [0.5, -2, 3, 7];
  const gradients = [
    [0.1, -0.2, 0.3, 9],
    [-1, 0, 2, 9],
  ];
  const want = start.map((value) => ({ value, m: 0, v: 0 }));
  state.parameters.set(start);
  gradients.forEach((gradient, index) => {
    state.gradient.set(gradient);
    state.step(0.7, index + 1, settings);
    const { lr, weightDecay, adamBeta1, adamBeta2, adamEps } = settings;
    const stepSize = lr / (1 - adamBeta1 ** (index + 1));
    const correction = 1 / Math.sqrt(1 - adamBeta2 ** (index + 1));
    want.slice(0, 3).forEach((each, i) => {
      const g = Math.fround(gradient[i] ?? NaN) * 0.7;
      const m = adamBeta1 * each.m + (1 - adamBeta1) * g;
      const v = adamBeta2 * each.v + (1 - adamBeta2) * g * g;
      const keep = i < 2 ? 1 - lr * weightDecay : 1;
      each.value = Math.fround(
        each.value * keep - (stepSize * m) / (Math.sqrt(v) * correction + adamEps),
      );
      each.m = Math.fround(m);
      each.v = Math.fround(v);
    });
  });
  expect([...state.parameters]).toEqual(want.map(({ value }) => value));
  expect([...state.expAvg]).toEqual(want.map(({ m }) => m));
  expect([...state.expAvgSq]).toEqual(want.map(({ v }) => v));
});

describe("clipping", () => {
  it("takes the norm over trainable parameters and scales only what is too long", () => {
    expect(gradientNorm(layout, Float32Array.of(3, 0, 4, 100))).toBeCloseTo(5, 6);
    expect(clipFactor(5, 1)).toBeCloseTo(0.2, 6);
    expect(clipFactor(0.5, 1)).toBe(1);
    expect(clipFactor(5, 0)).toBe(1);
  });
});
