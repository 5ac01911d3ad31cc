import { faultIf, type Rule } from "./rule.ts";

export const ALGORITHM_RULES: readonly Rule[] = [
  {
    id: "algorithm-clip-range",
    severity: "error",
    beyondReference: true,
    reference: "Not checked (A:1364-1365).",
    check: ({ recipe: { algorithm } }) => [
      ...faultIf(
        !(algorithm.epsClip > 0 && algorithm.epsClip < 1),
        "algorithm.epsClip",
        `the lower clip 1 − ${algorithm.epsClip} must lie between 0 and 1`,
        "Use a value above 0 and below 1 (the recipe: 0.2).",
      ),
      ...faultIf(
        !(algorithm.epsClipHigh > 0),
        "algorithm.epsClipHigh",
        `the upper clip 1 + ${algorithm.epsClipHigh} must be above 1`,
        "Use a value above 0 (the recipe: 0.28).",
      ),
    ],
  },
  {
    id: "algorithm-clip-order",
    severity: "warning",
    beyondReference: true,
    reference: "Not checked.",
    check: ({ recipe: { algorithm } }) =>
      faultIf(
        algorithm.epsClipHigh > 0 && algorithm.epsClipHigh < algorithm.epsClip,
        "algorithm.epsClipHigh",
        `the upper clip (${algorithm.epsClipHigh}) is tighter than the lower (${algorithm.epsClip}): likely tokens are pushed down more than rare ones may rise`,
        "Use at least algorithm.epsClip.",
      ),
  },
  {
    id: "algorithm-kl-choice",
    severity: "error",
    beyondReference: false,
    reference: 'AssertionError "Only one of kl_coef and kl_loss_coef can be set" (A:3086).',
    check: ({ recipe: { algorithm } }) =>
      faultIf(
        algorithm.klCoef !== 0 && algorithm.klLossCoef !== 0,
        "algorithm.klCoef",
        "the KL would count twice: in the reward (klCoef) and in the loss (klLossCoef)",
        "Set one of the two to 0.",
      ),
  },
  {
    id: "algorithm-kl-unused",
    severity: "warning",
    beyondReference: true,
    reference: "Silent: without use_kl_loss the coefficient is never read (LS:325).",
    check: ({ recipe: { algorithm } }) =>
      faultIf(
        algorithm.klLossCoef !== 0 && !algorithm.useKlLoss,
        "algorithm.useKlLoss",
        `klLossCoef ${algorithm.klLossCoef} has no effect while useKlLoss is false`,
        "Set algorithm.useKlLoss=true, or the coefficient to 0.",
      ),
  },
  {
    id: "algorithm-kl-reported-only",
    severity: "note",
    beyondReference: true,
    backend: "miles",
    reference:
      "Loads a copy of the reference policy and runs its forward pass although the term is added only if the coefficient is not 0 (PG:150, LS:325-326).",
    check: ({ recipe: { algorithm } }) =>
      faultIf(
        algorithm.useKlLoss && algorithm.klLossCoef === 0,
        "algorithm.useKlLoss",
        "the KL to the reference policy is reported but not trained on; that costs one forward pass per rollout and a copy of the weights",
        "Set algorithm.useKlLoss=false to save them.",
      ),
  },
  {
    id: "algorithm-normalize-advantages",
    severity: "error",
    beyondReference: false,
    reference: "AssertionError (A:3088-3092).",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.advantageEstimator.startsWith("reinforce_plus_plus") && !a.normalizeAdvantages,
        "algorithm.normalizeAdvantages",
        `${a.advantageEstimator} works with whitened advantages only`,
        "Set algorithm.normalizeAdvantages=true.",
      ),
  },
  {
    id: "algorithm-engine-logprobs",
    severity: "error",
    beyondReference: false,
    reference: "AssertionError (A:3094-3095).",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.useRolloutLogprobs && a.useTis,
        "algorithm.useTis",
        "truncated importance sampling corrects the trainer towards the engine, whose log-probabilities are taken as they are",
        "Set algorithm.useTis=false or algorithm.useRolloutLogprobs=false.",
      ),
  },
  {
    id: "algorithm-mismatch-metrics",
    severity: "error",
    beyondReference: false,
    reference: "AssertionError (A:3097-3100).",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.getMismatchMetrics && a.customTisFunctionPath === null,
        "algorithm.customTisFunctionPath",
        "the comparison is computed by that function",
        "Name it, or set algorithm.getMismatchMetrics=false.",
      ),
  },
  {
    id: "algorithm-dual-clip",
    severity: "error",
    beyondReference: true,
    reference: "An assert in the first training step (math_utils.py:268), after a whole rollout.",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.epsClipC !== null && !(a.epsClipC > 1),
        "algorithm.epsClipC",
        `the dual clip ${a.epsClipC ?? 0} must be above 1`,
        "Use a value such as 3, or null.",
      ),
  },
  {
    id: "algorithm-tis-range",
    severity: "error",
    beyondReference: true,
    reference: "Not checked: every weight becomes the upper clip.",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.useTis && !(a.tisClipLow >= 0 && a.tisClip > a.tisClipLow),
        "algorithm.tisClip",
        `weights cannot lie between ${a.tisClipLow} and ${a.tisClip}`,
        "Use tisClip above tisClipLow, and neither below 0 (usual: 2 and 0).",
      ),
  },
  {
    id: "algorithm-ppo-kl",
    severity: "error",
    beyondReference: false,
    reference: "AssertionError (A:3168): the critic never sees the penalty.",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.advantageEstimator === "ppo" && a.klCoef !== 0,
        "algorithm.klCoef",
        "the critic is trained before the KL penalty is known",
        "Use algorithm.useKlLoss with klLossCoef.",
      ),
  },
  {
    id: "algorithm-replay-engine-logprobs",
    severity: "note",
    beyondReference: true,
    backend: "miles",
    reference: "Not remarked on.",
    check: ({ recipe: { algorithm: a } }) =>
      faultIf(
        a.routingReplay === "training" && a.useRolloutLogprobs,
        "algorithm.routingReplay",
        "there is no first pass of the trainer whose choice of experts could be repeated",
        "Set algorithm.routingReplay=rollout (R3).",
      ),
  },
];
