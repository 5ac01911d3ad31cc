import { expect, it } from "vitest";
import { processorLimit, sha256Rate } from "./processor-limit.ts";

it("adds up the processor time of receiving and of hashing", () => {
  // A gigabyte takes 2 cores 0.5 s to receive and one core 0.5 s to hash: 1.5 of 2 core seconds a second.
  expect(processorLimit(2, 2, 2)).toBeCloseTo(1 / 0.75);
  expect(processorLimit(1000, 1e12, 2)).toBeCloseTo(1000);
});

it("measures sha256", () => {
  expect(sha256Rate(20)).toBeGreaterThan(1e7);
});
