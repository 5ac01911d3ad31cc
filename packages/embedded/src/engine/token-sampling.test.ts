import { describe, expect, it } from "vitest";
import { CounterRandom } from "./random.ts";
import { drawToken, type SamplingSettings } from "./token-sampling.ts";

const probabilities = Float32Array.of(0.1, 0.4, 0.05, 0.3, 0.15, 0);
const all: SamplingSettings = { temperature: 1, topP: 1, topK: 0 };

function frequencies(settings: SamplingSettings): number[] {
  const counts = [0, 0, 0, 0, 0, 0];
  for (let i = 0; i < 20_000; i++) {
    const token = drawToken(probabilities, settings, new CounterRandom(1, i, 2));
    counts[token] = (counts[token] ?? 0) + 1;
  }
  return counts.map((count) => count / 20_000);
}

describe("drawToken", () => {
  it("draws each token as often as its probability", () => {
    frequencies(all).forEach((frequency, token) =>
      expect(Math.abs(frequency - (probabilities[token] ?? NaN))).toBeLessThan(0.015),
    );
  });

  it("keeps the most probable tokens that reach topP, in proportion", () => {
    const [, second, , fourth, ...rest] = frequencies({ ...all, topP: 0.7 });
    expect(second).toBeCloseTo(4 / 7, 1);
    expect(fourth).toBeCloseTo(3 / 7, 1);
    expect(rest).toEqual([0, 0]);
  });

  it("keeps topK tokens, and one at least", () => {
    expect(frequencies({ ...all, topK: 3 }).map((frequency) => frequency > 0)).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    expect(frequencies({ ...all, topP: 1e-9 })[1]).toBe(1);
    expect(frequencies({ ...all, temperature: 0 })[1]).toBe(1);
  });
});

describe("CounterRandom", () => {
  it("depends on every part of its key", () => {
    const first = (seed: number, a: number, b: number): number =>
      new CounterRandom(seed, a, b).uniform();
    const values = [
      first(1, 0, 0),
      first(0, 1, 0),
      first(0, 0, 1),
      first(0, 0, 0),
      first(2 ** 40, 0, 0),
    ];
    expect(new Set(values).size).toBe(5);
    expect(first(5, 6, 7)).toBe(first(5, 6, 7));
  });
});
