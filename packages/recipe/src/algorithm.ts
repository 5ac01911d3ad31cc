import { z } from "zod";
import { field } from "./field-facts.ts";

const path = z.string().min(1).nullable();

/** The policy loss: GRPO and its variants. */
export const algorithmSchema = z.strictObject({
  advantageEstimator: field(
    z.enum(["grpo", "gspo", "reinforce_plus_plus", "reinforce_plus_plus_baseline", "ppo"]),
    "How rewards become advantages: grpo compares within a group; gspo does and clips one ratio per sequence; reinforce_plus_plus discounts; its baseline variant subtracts the group's mean; ppo trains a critic.",
    { flag: "--advantage-estimator", usual: "grpo", source: "A:1405" },
  ),
  epsClip: field(z.number(), "Lower clip of the probability ratio, 1 − epsClip.", {
    flag: "--eps-clip",
    usual: 0.2,
    source: "A:1364",
  }),
  epsClipHigh: field(
    z.number(),
    "Upper clip of the probability ratio, 1 + epsClipHigh; miles alone would take epsClip.",
    { flag: "--eps-clip-high", source: "A:1365, A:3129" },
  ),
  epsClipC: field(
    z.number().nullable(),
    "Dual clip: with a negative advantage the loss is at most this times it, above 1. null: none.",
    { flag: "--eps-clip-c", usual: null, source: "A:1366" },
  ),
  useKlLoss: field(
    z.boolean(),
    "Whether the reference policy is loaded and its KL reported, and added to the loss with klLossCoef.",
    { flag: "--use-kl-loss", usual: false, source: "A:1431" },
  ),
  klLossCoef: field(z.number(), "Weight of the KL term in the loss; 0 = only reported.", {
    flag: "--kl-loss-coef",
    usual: 0,
    source: "A:1434",
  }),
  klLossType: field(
    z.enum(["k1", "k2", "k3", "low_var_kl"]),
    "Estimator of the KL per token; low_var_kl is k3 with clamped exponents.",
    { flag: "--kl-loss-type", usual: "k1", source: "A:1398" },
  ),
  useUnbiasedKl: field(z.boolean(), "Whether the KL loss is weighted by the probability ratio.", {
    flag: "--use-unbiased-kl",
    usual: false,
    source: "A:1440",
  }),
  klCoef: field(z.number(), "Weight of a KL penalty inside the reward.", {
    flag: "--kl-coef",
    usual: 0,
    source: "A:1373",
  }),
  refUpdateInterval: field(
    z.int().nullable(),
    "Rollouts after which the reference policy becomes the current one. null: never.",
    { flag: "--ref-update-interval", usual: null, unit: "rollouts", source: "A:1446" },
  ),
  entropyCoef: field(z.number(), "Weight of the entropy bonus in the loss.", {
    flag: "--entropy-coef",
    usual: 0,
    source: "A:1452",
  }),
  grpoStdNormalization: field(
    z.boolean(),
    "Whether a group's centred rewards are divided by their standard deviation (false: Dr.GRPO).",
    { negative: "--disable-grpo-std-normalization", usual: true, source: "A:1456" },
  ),
  rewardsNormalization: field(z.boolean(), "Whether rewards are centred within their group.", {
    negative: "--disable-rewards-normalization",
    usual: true,
    source: "A:1462",
  }),
  normalizeAdvantages: field(
    z.boolean(),
    "Whether advantages are whitened over the whole batch; reinforce_plus_plus needs it.",
    { flag: "--normalize-advantages", usual: false, source: "A:1455, A:3088" },
  ),
  calculatePerTokenLoss: field(
    z.boolean(),
    "Whether the loss is a mean over tokens instead of over samples.",
    { flag: "--calculate-per-token-loss", usual: false, source: "A:1338" },
  ),
  gamma: field(z.number(), "Discount of later rewards (ppo, reinforce_plus_plus).", {
    flag: "--gamma",
    usual: 1,
    source: "A:1453",
  }),
  lambda: field(z.number(), "Decay of generalised advantage estimation (ppo).", {
    flag: "--lambd",
    usual: 1,
    source: "A:1454",
  }),
  valueClip: field(z.number(), "Clip of the critic's change (ppo).", {
    flag: "--value-clip",
    usual: 0.2,
    source: "A:1372",
  }),
  criticLr: field(z.number().nullable(), "Learning rate of the critic (ppo). null: optimizer.lr.", {
    flag: "--critic-lr",
    usual: null,
    source: "A:1356",
  }),
  numCriticOnlySteps: field(z.int(), "First rollouts in which only the critic learns (ppo).", {
    flag: "--num-critic-only-steps",
    usual: 0,
    unit: "rollouts",
    source: "A:1341",
  }),
  useRolloutLogprobs: field(
    z.boolean(),
    "Whether the engine's log-probabilities are the old policy; saves the trainer's forward pass.",
    { flag: "--use-rollout-logprobs", usual: false, source: "A:1501" },
  ),
  useTis: field(
    z.boolean(),
    "Truncated importance sampling: weights tokens by trainer over engine probability, clipped.",
    { flag: "--use-tis", usual: false, source: "A:1511" },
  ),
  tisClip: field(z.number(), "Upper clip of that weight.", {
    flag: "--tis-clip",
    usual: 2,
    source: "A:1517",
  }),
  tisClipLow: field(z.number(), "Lower clip of that weight.", {
    flag: "--tis-clip-low",
    usual: 0,
    source: "A:1523",
  }),
  customTisFunctionPath: field(
    path,
    "Python function (dotted path) that weighs or masks off-policy tokens instead. null: the clip.",
    { flag: "--custom-tis-function-path", usual: null, source: "A:1529" },
  ),
  getMismatchMetrics: field(
    z.boolean(),
    "Whether trainer and engine are compared and reported; needs customTisFunctionPath.",
    { flag: "--get-mismatch-metrics", usual: false, source: "A:1486, A:3097" },
  ),
  useOpsm: field(
    z.boolean(),
    "Off-policy sequence masking: samples with negative advantage that drifted too far are left out.",
    { flag: "--use-opsm", usual: false, source: "A:1568" },
  ),
  opsmDelta: field(z.number(), "Mean log-probability drift from which a sequence is left out.", {
    flag: "--opsm-delta",
    usual: 1e-4,
    unit: "nats per token",
    source: "A:1574",
  }),
  routingReplay: field(
    z.enum(["off", "training", "rollout"]),
    "Whose choice of experts the training pass repeats: its own first pass (training), or the engine's (rollout: R3, which turns on the engine's side too).",
    {
      flag: "--use-routing-replay, --use-rollout-routing-replay",
      usual: "off",
      source: "A:1542, A:1548, A:3422",
    },
  ),
  observeTrainingEntropy: field(
    z.boolean(),
    "Whether the entropy is reported although entropyCoef is 0.",
    { flag: "--observe-training-entropy", usual: false, source: "A:1477" },
  ),
  lossType: field(
    z.enum(["policy_loss", "sft_loss"]),
    "What is minimised: the policy loss, or the cross-entropy of given responses.",
    { flag: "--loss-type", usual: "policy_loss", source: "A:1379" },
  ),
});
