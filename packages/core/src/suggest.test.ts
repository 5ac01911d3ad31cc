import { expect, it } from "vitest";
import { closest } from "./suggest.ts";

const known = ["rollout", "rollout-batch-size", "lr", "temperature"];

it.each([
  ["rolout", "rollout"],
  ["temprature", "temperature"],
  ["ROLLOUT-BATCH-SIZE", "rollout-batch-size"],
  ["lr2", "lr"],
])("%s most likely means %s", (word, meant) => {
  expect(closest(word, known)).toBe(meant);
});

it("suggests nothing far-fetched", () => {
  expect(closest("zebra", known)).toBeUndefined();
  expect(closest("x", [])).toBeUndefined();
});
