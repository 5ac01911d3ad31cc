import { expect, it } from "vitest";
import { smoothed } from "./smooth.ts";

it("begins at the first value, follows, and lets a NaN count for nothing", () => {
  const { steps, values } = smoothed({ steps: [0, 1, 2, 3], values: [4, 0, NaN, 0] }, 0.5);
  expect(steps).toEqual([0, 1, 2, 3]);
  expect(values[0]).toBe(4);
  // (4·¼ + 0·½) / ¾
  expect(values[1]).toBeCloseTo(4 / 3);
  expect(values[2]).toBeNaN();
  expect(values[3]).toBeCloseTo(0.5 / 0.875);
});

it("leaves a constant as it is", () => {
  const { values } = smoothed({ steps: [0, 1, 2], values: [7, 7, 7] }, 0.9);
  for (const value of values) expect(value).toBeCloseTo(7);
});
