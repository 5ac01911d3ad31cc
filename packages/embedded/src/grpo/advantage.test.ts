import { describe, expect, it } from "vitest";
import { z } from "zod";
import { grpoGolden, perTokenSchema } from "../testing/grpo-golden.ts";
import { normalisedRewards, tokenAdvantages } from "./advantage.ts";

const estimatorSchema = z.enum([
  "grpo",
  "gspo",
  "reinforce_plus_plus",
  "reinforce_plus_plus_baseline",
]);
const golden = grpoGolden(
  "advantages",
  z.object({
    groups: perTokenSchema,
    normalised: z.array(
      z.object({
        estimator: estimatorSchema,
        std: z.boolean(),
        normalization: z.boolean(),
        rewards: z.array(z.number()),
      }),
    ),
    masks: perTokenSchema,
    logProbs: perTokenSchema,
    reference: perTokenSchema,
    rewards: z.array(z.number()),
    cases: z.array(
      z.object({
        estimator: estimatorSchema,
        settings: z.object({
          kl_coef: z.number(),
          kl_loss_type: z.enum(["k1", "k2"]),
          gamma: z.number(),
          normalize_advantages: z.boolean(),
        }),
        advantages: perTokenSchema,
      }),
    ),
  }),
);

function expectClose(got: ArrayLike<number>, want: readonly number[]): void {
  expect(got.length).toBe(want.length);
  want.forEach((value, i) =>
    expect(Math.abs((got[i] ?? NaN) - value)).toBeLessThan(1e-5 * Math.max(1, Math.abs(value))),
  );
}

describe("normalisedRewards, against the reference", () => {
  it.each(golden.normalised)(
    "$estimator, std $std, normalization $normalization",
    ({ estimator, std, normalization, rewards }) => {
      const got = golden.groups.flatMap((group) =>
        normalisedRewards(group, {
          advantageEstimator: estimator,
          grpoStdNormalization: std,
          rewardsNormalization: normalization,
        }),
      );

      expectClose(
        got.map((value) => value / 1e2),
        rewards.map((value) => value / 1e2),
      );
    },
  );

  it("does not divide in a group of one", () => {
    const settings = {
      advantageEstimator: "grpo",
      grpoStdNormalization: true,
      rewardsNormalization: true,
    } as const;
    expect(normalisedRewards([3], settings)).toEqual([0]);
  });
});

describe("tokenAdvantages, against the reference", () => {
  it.each(golden.cases)("$estimator, $settings", ({ estimator, settings, advantages }) => {
    const got = tokenAdvantages(
      golden.rewards.map((reward, i) => ({
        reward,
        logProbs: golden.logProbs[i] ?? [],
        refLogProbs: golden.reference[i] ?? [],
        lossMask: golden.masks[i] ?? [],
      })),
      {
        advantageEstimator: estimator,
        klCoef: settings.kl_coef,
        klLossType: settings.kl_loss_type,
        gamma: settings.gamma,
        normalizeAdvantages: settings.normalize_advantages,
      },
    );
    advantages.forEach((row, i) => expectClose(got[i] ?? [], row));
  });
});
