import { faultIf, type Rule } from "./rule.ts";

export const PERFORMANCE_RULES: readonly Rule[] = [
  {
    id: "performance-deepep-flex",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      'ValueError "DeepEP backend is only supported with flex token dispatcher." (TC:1166-1175).',
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.moeEnableDeepep && p.moeTokenDispatcherType !== "flex",
        "performance.moeTokenDispatcherType",
        `DeepEP works through the flex dispatcher only, not ${p.moeTokenDispatcherType}`,
        "Set performance.moeTokenDispatcherType=flex, or moeEnableDeepep=false.",
      ),
  },
  {
    id: "performance-flex-needs-experts-spread",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Assert at model build (token_dispatcher.py:1354).",
    check: ({ recipe: { performance, parallelism: p } }) =>
      faultIf(
        performance.moeTokenDispatcherType === "flex" &&
          p.expertTensorParallelSize * p.expertModelParallelSize === 1,
        "performance.moeTokenDispatcherType",
        "the flex dispatcher needs experts on more than one GPU (ETP × EP > 1)",
        "Use alltoall, or raise parallelism.expertModelParallelSize.",
      ),
  },
  {
    id: "performance-allgather",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Silently replaced by alltoall (A:2676-2681).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.moeTokenDispatcherType === "allgather",
        "performance.moeTokenDispatcherType",
        "the reference cannot pack sequences with allgather and takes alltoall instead",
        "Set performance.moeTokenDispatcherType=alltoall.",
      ),
  },
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
  {
    id: "performance-dynamic-batch",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (A:3107-3110).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.useDynamicBatchSize && p.maxTokensPerGpu === null,
        "performance.maxTokensPerGpu",
        "packing by tokens needs to know how many fit",
        "Set performance.maxTokensPerGpu (the recipe: 8192).",
      ),
  },
  {
    id: "performance-token-cap",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference:
      "Not checked: an oversized sample gets a micro-batch of its own (DP:31-155), which may not fit the GPU.",
    check: ({ recipe: { performance: p, rollout, parallelism } }) =>
      faultIf(
        p.useDynamicBatchSize &&
          p.maxTokensPerGpu !== null &&
          p.maxTokensPerGpu * parallelism.contextParallelSize < rollout.maxResponseLen,
        "performance.maxTokensPerGpu",
        `a response of ${rollout.maxResponseLen} tokens exceeds the cap of ${p.maxTokensPerGpu ?? 0} × CP ${parallelism.contextParallelSize}, so it sets the memory peak instead of the cap`,
        "Raise the cap or lower rollout.maxResponseLen.",
      ),
  },
  {
    id: "performance-dropout",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Megatron's own default is 0.1 for both; the recipe switches them off.",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.attentionDropout > 0 || p.hiddenDropout > 0,
        p.attentionDropout > 0 ? "performance.attentionDropout" : "performance.hiddenDropout",
        "dropout makes the trainer's probabilities differ from those the samples were drawn with",
        "Set both to 0.",
      ),
  },
];
