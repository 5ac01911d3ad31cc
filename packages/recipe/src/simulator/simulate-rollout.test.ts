import { describe, expect, it } from "vitest";
import { resolveRecipe } from "../resolve.ts";
import { fewerThan, uniformGroup } from "./binomial.ts";
import { EVEN_DIFFICULTY, simulateRollout, type DifficultyBin } from "./simulate-rollout.ts";

const recipeWith = (...set: string[]) =>
  resolveRecipe({ profile: "moonlight-16b-a3b", set }).recipe;

/** Marsaglia's xorshift32: a seeded uniform number in [0, 1). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Plays the reference's loop sample by sample: waves until enough groups have mixed grades. */
function play(
  recipe: ReturnType<typeof recipeWith>,
  bins: readonly DifficultyBin[],
  rollouts: number,
): { accept: number; waves: number; reward: number } {
  const random = uniform(20260811);
  const { nSamplesPerPrompt: n, rolloutBatchSize, overSamplingBatchSize } = recipe.rollout;
  const total = bins.reduce((sum, { share }) => sum + share, 0);
  let [groups, kept, waves, reward] = [0, 0, 0, 0];
  for (let rollout = 0; rollout < rollouts; rollout++) {
    for (let accepted = 0; accepted < rolloutBatchSize; waves++) {
      for (let i = 0; i < overSamplingBatchSize; i++) {
        let draw = random() * total;
        const bin = bins.find(({ share }) => (draw -= share) < 0) ?? { solveRate: 0, share: 0 };
        let right = 0;
        for (let j = 0; j < n; j++) right += random() < bin.solveRate ? 1 : 0;
        groups++;
        if (right === 0 || right === n) continue;
        accepted++;
        kept++;
        reward += right / n;
      }
    }
  }
  return { accept: kept / groups, waves: waves / rollouts, reward: reward / kept };
}

describe("simulateRollout", () => {
  it.each([
    [EVEN_DIFFICULTY],
    [[{ solveRate: 0.05, share: 1 }]],
    [
      [
        { solveRate: 0, share: 6 },
        { solveRate: 0.1, share: 3 },
        { solveRate: 0.95, share: 1 },
      ],
    ],
  ])("agrees with the loop played sample by sample (%#)", (bins) => {
    const recipe = recipeWith("rollout.rolloutBatchSize=16", "rollout.overSamplingBatchSize=24");
    const expected = simulateRollout(recipe, bins);
    const played = play(recipe, bins, 400);
    expect(played.accept).toBeCloseTo(expected.acceptRate, 1);
    expect(Math.abs(played.waves / (expected.wavesPerRollout ?? NaN) - 1)).toBeLessThan(0.05);
    expect(played.reward).toBeCloseTo(expected.keptReward, 1);
  });

  it("knows the values that can be computed by hand", () => {
    const half = simulateRollout(recipeWith(), [{ solveRate: 0.5, share: 2 }]);
    expect(half.acceptRate).toBeCloseTo(1 - 2 / 256, 12);
    expect(half.wavesPerRollout).toBeCloseTo(1, 9);
    expect(half.promptsPerRollout).toBeCloseTo(256, 6);
    expect(half.wasteShare).toBeCloseTo(0.5, 9);
    expect(half.keptReward).toBeCloseTo(0.5, 12);
  });

  it("takes every group without a filter", () => {
    const all = simulateRollout(recipeWith("rollout.dynamicSamplingFilter=null"), [
      { solveRate: 0, share: 1 },
    ]);
    expect(all).toMatchObject({ acceptRate: 1, wavesPerRollout: 1, oneWave: 1, keptReward: 0 });
  });

  it("says so when generation would never end", () => {
    const never = simulateRollout(recipeWith(), [
      { solveRate: 0, share: 1 },
      { solveRate: 1, share: 1 },
    ]);
    expect(never).toMatchObject({ acceptRate: 0, wavesPerRollout: null, wavesAtMost: null });
  });

  it("needs more waves the harder the prompts are", () => {
    const waves = [0.5, 0.1, 0.03, 0.01].map(
      (solveRate) => simulateRollout(recipeWith(), [{ solveRate, share: 1 }]).wavesPerRollout ?? 0,
    );
    expect(waves).toEqual([...waves].sort((a, b) => a - b));
  });
});

describe("fewerThan", () => {
  it("sums the binomial distribution", () => {
    expect(fewerThan(2, 3, 0.5)).toBeCloseTo(0.5, 12);
    expect(fewerThan(129, 256, 0.5)).toBeCloseTo(0.5249, 3);
    expect([fewerThan(1, 0, 0.3), fewerThan(0, 5, 0.3), fewerThan(5, 5, 1)]).toEqual([1, 0, 0]);
    expect(uniformGroup(1, 0.3)).toBe(1);
  });
});
