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
  {
    id: "performance-padded-batches",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (A:3464-3468).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.qkvFormat === "bshd" && p.useDynamicBatchSize,
        "performance.qkvFormat",
        "padded batches are cut by samples, not by tokens",
        "Set performance.useDynamicBatchSize=false, or qkvFormat=thd.",
      ),
  },
  {
    id: "performance-balance-flops",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (A:3126-3127).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.balanceByFlops && !p.useDynamicBatchSize,
        "performance.balanceByFlops",
        "only packed micro-batches can be balanced",
        "Set performance.useDynamicBatchSize=true.",
      ),
  },
  {
    id: "performance-shared-expert-overlap",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference:
      "ValueError (TC:1193-1198); with flex NotImplementedError (token_dispatcher.py:1379).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.moeSharedExpertOverlap && p.moeTokenDispatcherType !== "alltoall",
        "performance.moeSharedExpertOverlap",
        `the ${p.moeTokenDispatcherType} dispatcher cannot overlap with shared experts`,
        "Set it to false, or performance.moeTokenDispatcherType=alltoall.",
      ),
  },
  {
    id: "performance-split-activations",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "Errors (MG:948-961, TC:1290).",
    check: ({ recipe: { performance: p, parallelism } }) =>
      faultIf(
        p.distributeSavedActivations &&
          (parallelism.sequenceParallel ||
            parallelism.tensorModelParallelSize <= 1 ||
            p.recomputeGranularity !== "full" ||
            p.recomputeMethod === null),
        "performance.distributeSavedActivations",
        "saved inputs are split only with full recomputation, TP above 1 and no sequence parallelism, which splits them already",
        "Set it to false.",
      ),
  },
  {
    id: "performance-flash-mla",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference:
      "Not checked; Transformer Engine may have no such kernel for latent attention (TransformerEngine issue 2354).",
    check: ({ recipe: { performance: p } }) =>
      faultIf(
        p.attentionBackend === "flash",
        "performance.attentionBackend",
        "latent attention has heads of 192 and 128, which flash kernels often lack for packed sequences",
        "Leave it auto unless this version is known to work.",
      ),
  },
];
