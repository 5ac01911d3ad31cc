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
];
