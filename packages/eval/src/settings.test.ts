import { describe, expect, it } from "vitest";
import type { Recipe } from "@moonlight-rl/recipe";
import { resolveSettings } from "./settings.ts";

/** The part of a recipe that evaluation reads. */
const recipe = {
  seed: 7,
  rollout: { topK: -1 },
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
    expect(resolveSettings({}, undefined)[0]).toMatchObject({
      nSamplesPerPrompt: 8,
      temperature: 1,
      topP: 1,
      rmType: "math",
    });
    const [first, second] = resolveSettings({ temperature: 0, nSamplesPerPrompt: 2 }, recipe);
    expect(second).toMatchObject({ name: "math", dataFile: "math.jsonl", temperature: 0 });
    expect(first).toEqual({
      name: "aime",
      dataFile: "aime.jsonl",
      inputKey: "question",
      labelKey: "answer",
      applyChatTemplate: false,
      nSamplesPerPrompt: 2,
      temperature: 0,
      topP: 0.95,
      topK: -1,
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
    expect(resolveSettings({}, withSet(own))).toMatchObject([
      { ...own, topP: 0.95, inputKey: "question" },
    ]);
    expect(resolveSettings({}, withSet({ topK: 5 }))[0]?.topK).toBe(5);
    expect(resolveSettings({}, withSet({ path: "/root/sets/own.jsonl" }))[0]?.dataFile).toBe(
      "own.jsonl",
    );
    const long = { ...recipe, eval: { ...recipe.eval, maxPromptLen: 100 } };
    expect(() => resolveSettings({}, long)).toThrow(
      expect.objectContaining({ code: "EVAL_FIELD_REFUSED", field: "eval.maxPromptLen" }),
    );
  });

  it("takes the recipe's evaluation set of the given name, or a file that it does not know", () => {
    expect(resolveSettings({ name: "math" }, recipe)).toMatchObject([{ dataFile: "math.jsonl" }]);
    expect(resolveSettings({ name: "other" }, recipe)[0]?.dataFile).toBeUndefined();
    expect(resolveSettings({ dataFile: "x.jsonl" }, recipe)).toMatchObject([
      { dataFile: "x.jsonl", nSamplesPerPrompt: 4 },
    ]);
  });

  it("gives each of several sets what it says itself over what all of them share", () => {
    const sets = [
      { name: "math", temperature: 0 },
      { name: "own", dataFile: "own.jsonl" },
    ];
    expect(resolveSettings({ nSamplesPerPrompt: 2, temperature: 1 }, recipe, sets)).toMatchObject([
      { name: "math", dataFile: "math.jsonl", temperature: 0, nSamplesPerPrompt: 2 },
      { name: "own", dataFile: "own.jsonl", temperature: 1, nSamplesPerPrompt: 2 },
    ]);
  });
});
