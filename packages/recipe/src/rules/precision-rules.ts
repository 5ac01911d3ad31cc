import { faultIf, type Rule } from "./rule.ts";

export const PRECISION_RULES: readonly Rule[] = [
  {
    id: "precision-checkpoint",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "Not checked: the engine would serve bf16 weights while training imitates quantised ones, or the other way round.",
    check: ({ recipe: { precision: p } }) =>
      faultIf(
        (p.mode === "bf16") !== (p.rolloutCheckpoint === null),
        "precision.rolloutCheckpoint",
        `mode ${p.mode} ${p.mode === "bf16" ? "serves model.hfCheckpoint, not a quantised folder" : "needs the folder with the quantised weights"}`,
        "Set mode and folder together: bf16 with null, any other mode with its folder.",
      ),
  },
  {
    id: "precision-int-groups",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked: the imitation would not match the weights.",
    check: ({ recipe: { precision: p } }) =>
      faultIf(
        p.mode === "int4-qat" && p.int4GroupSize < 1,
        "precision.int4GroupSize",
        `${p.int4GroupSize} weights cannot share a scale`,
        "Use the group size of the quantised folder (32 or 128).",
      ),
  },
  {
    id: "precision-replay",
    severity: "note",
    beyondReference: true,
    backend: "miles",
    reference: "The reference's documentation recommends it for mixtures of experts.",
    check: ({ recipe: { precision: p, algorithm } }) =>
      faultIf(
        p.mode !== "bf16" && algorithm.routingReplay !== "rollout",
        "algorithm.routingReplay",
        "rounding changes which experts are chosen, so trainer and engine disagree",
        "Set algorithm.routingReplay=rollout (R3), perhaps with algorithm.useTis=true.",
      ),
  },
];
