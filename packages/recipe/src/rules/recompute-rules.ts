import { faultIf, type Rule } from "./rule.ts";

export const RECOMPUTE_RULES: readonly Rule[] = [
  {
    id: "performance-recompute-full",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "ValueErrors (TC:1257-1288).",
    check: ({ recipe: { performance: p } }) => [
      ...faultIf(
        p.recomputeGranularity === "full" && p.recomputeMethod === null,
        "performance.recomputeMethod",
        "full recomputation needs a method",
        "Set performance.recomputeMethod=uniform.",
      ),
      ...faultIf(
        p.recomputeGranularity === "full" && p.recomputeNumLayers === null,
        "performance.recomputeNumLayers",
        "full recomputation needs a number of layers per group",
        "Set performance.recomputeNumLayers=1.",
      ),
    ],
  },
  {
    id: "performance-recompute-selective",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Asserts and ValueErrors (MG:963, TC:1257-1288).",
    check: ({ recipe: { performance: p } }) => [
      ...faultIf(
        p.recomputeGranularity === "selective" && p.recomputeMethod !== null,
        "performance.recomputeMethod",
        "selective recomputation has no method",
        "Set performance.recomputeMethod=null.",
      ),
      ...faultIf(
        p.recomputeGranularity === "selective" && p.recomputeNumLayers !== null,
        "performance.recomputeNumLayers",
        "selective recomputation has no number of layers",
        "Set performance.recomputeNumLayers=null.",
      ),
    ],
  },
  {
    id: "performance-recompute-off",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Accepted; silently nothing is recomputed.",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.recomputeGranularity === null &&
          (p.recomputeMethod !== null || p.recomputeNumLayers !== null),
        "performance.recomputeGranularity",
        "method and layers have no effect without a granularity",
        "Set performance.recomputeGranularity=full, or the others to null.",
      ),
  },
];
