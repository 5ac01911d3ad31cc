import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { smooth, ticks } from "./axis.ts";

describe("ticks", () => {
  it("gives round numbers that cover the range", () => {
    expect(ticks(0, 1)).toEqual([0, 0.5, 1]);
    expect(ticks(0.31, 0.78)).toEqual([0.2, 0.4, 0.6, 0.8]);
    expect(ticks(5, 5)).toEqual([5]);
  });

  it("always covers the range with a bounded number of ticks", () => {
    const value = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(value, value, (a, b) => {
        fc.pre(Math.abs(a - b) > 1e-6);
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const found = ticks(low, high);
        const slack = (high - low) * 1e-6;
        expect(found[0]).toBeLessThanOrEqual(low + slack);
        expect(found.at(-1)).toBeGreaterThanOrEqual(high - slack);
        expect(found.length).toBeLessThanOrEqual(7);
      }),
    );
  });
});

describe("smooth", () => {
  it("leaves a constant alone and starts at the first value", () => {
    expect(smooth([2, 2, 2], 0.9).map((v) => Number(v.toFixed(9)))).toEqual([2, 2, 2]);
    expect(smooth([1, 5], 0)).toEqual([1, 5]);
  });
});
