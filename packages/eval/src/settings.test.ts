import { describe, expect, it } from "vitest";
import type { Recipe } from "@moonlight-rl/recipe";
import { resolveSettings } from "./settings.ts";

/** The part of a recipe that evaluation reads. */
const recipe = {
  seed: 7,
  data: { inputKey: "question", labelKey: "answer", applyChatTemplate: false },
  reward: { rmType: "dapo" },
  eval: {
    datasets: [
      { name: "aime", path: "aime.jsonl" },
      { name: "math", path: "math.jsonl" },
    ],
    nSamplesPerPrompt: 4,
    maxResponseLen: 32,
    temperature: 0.6,
    topP: 0.95,
  },
} as unknown as Recipe;

describe("resolveSettings", () => {
  it("takes explicit values over the recipe's over the defaults", () => {
    expect(resolveSettings({}, undefined)).toMatchObject({
      nSamplesPerPrompt: 8,
      temperature: 1,
      topP: 1,
      rmType: "math",
    });
    expect(resolveSettings({ temperature: 0, nSamplesPerPrompt: 2 }, recipe)).toEqual({
      name: "aime",
      dataFile: "aime.jsonl",
      inputKey: "question",
      labelKey: "answer",
      applyChatTemplate: false,
      nSamplesPerPrompt: 2,
      temperature: 0,
      topP: 0.95,
      maxResponseLen: 32,
      seed: 7,
      rmType: "dapo",
    });
  });

  it("takes a set's own settings over those of all sets, and refuses what it cannot do", () => {
    const own = { temperature: 0, nSamplesPerPrompt: 1, labelKey: "solution", rmType: "math" };
    const withSet = (set: object): Recipe => ({
      ...recipe,
      eval: { ...recipe.eval, datasets: [{ name: "own", path: "own.jsonl", ...set }] },
    });
    expect(resolveSettings({}, withSet(own))).toMatchObject({
      ...own,
      topP: 0.95,
      inputKey: "question",
    });
    expect(() => resolveSettings({}, withSet({ topK: 5 }))).toThrow(
      expect.objectContaining({ code: "EVAL_FIELD_REFUSED", field: "eval.datasets" }),
    );
  });

  it("takes the recipe's evaluation set of the given name", () => {
    expect(resolveSettings({ name: "math" }, recipe).dataFile).toBe("math.jsonl");
    expect(resolveSettings({ name: "other" }, recipe).dataFile).toBeUndefined();
  });
});
