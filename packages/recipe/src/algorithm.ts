import { z } from "zod";

/** The policy loss (GRPO). */
export const algorithmSchema = z.strictObject({
  advantageEstimator: z
    .enum(["grpo"])
    .describe("How rewards become advantages; miles: --advantage-estimator."),
  epsClip: z
    .number()
    .describe("Lower clip of the probability ratio, 1 − epsClip; miles: --eps-clip."),
  epsClipHigh: z
    .number()
    .describe("Upper clip of the probability ratio, 1 + epsClipHigh; miles: --eps-clip-high."),
  useKlLoss: z
    .boolean()
    .describe(
      "Whether the reference policy is loaded and its KL reported, and added to the loss with klLossCoef; miles: --use-kl-loss.",
    ),
  klLossCoef: z
    .number()
    .describe("Weight of the KL term in the loss; 0 = only reported; miles: --kl-loss-coef."),
  klLossType: z
    .enum(["k1", "k2", "k3", "low_var_kl"])
    .describe(
      "Estimator of the KL per token; low_var_kl is k3 with clamped exponents; miles: --kl-loss-type.",
    ),
  klCoef: z
    .number()
    .describe("Weight of a KL penalty inside the reward; miles: --kl-coef (default 0)."),
  entropyCoef: z
    .number()
    .describe("Weight of the entropy bonus in the loss; miles: --entropy-coef."),
  grpoStdNormalization: z
    .boolean()
    .describe(
      "Whether a group's centred rewards are divided by their standard deviation (false: Dr.GRPO); miles: --disable-grpo-std-normalization when false.",
    ),
});
