import { faultIf, type Rule } from "./rule.ts";

export const ENGINE_RULES: readonly Rule[] = [
  {
    id: "engine-gpus",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference:
      "Floor division (rollout_server.py:47-49): GPUs stay idle, or there is no engine and the run waits for ever.",
    check: ({ recipe: { cluster, sglang }, arithmetic }) => {
      const gpus = cluster.colocate ? arithmetic.worldSize : cluster.rolloutNumGpus;
      if (gpus === null || sglang.numGpusPerEngine < 1) return [];
      return faultIf(
        gpus < 1 || gpus % sglang.numGpusPerEngine !== 0,
        "sglang.numGpusPerEngine",
        `${gpus} rollout GPUs do not divide into engines of ${sglang.numGpusPerEngine}`,
        `Use a divisor of ${gpus}.`,
      );
    },
  },
  {
    id: "engine-gpus-missing",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "A TypeError when the placement group is made (PG:51-60).",
    check: ({ recipe: { cluster } }) =>
      faultIf(
        !cluster.colocate && cluster.rolloutNumGpus === null,
        "cluster.rolloutNumGpus",
        "without colocate the engines need GPUs of their own",
        "Set cluster.rolloutNumGpus, or cluster.colocate=true.",
      ),
  },
  {
    id: "engine-gpus-overridden",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Overridden by the trainer's GPUs with an info line (A:3248-3269).",
    check: ({ recipe: { cluster }, arithmetic }) =>
      faultIf(
        cluster.colocate &&
          cluster.rolloutNumGpus !== null &&
          cluster.rolloutNumGpus !== arithmetic.worldSize,
        "cluster.rolloutNumGpus",
        `with colocate the engines take the trainer's ${arithmetic.worldSize} GPUs, not ${cluster.rolloutNumGpus ?? 0}`,
        "Set cluster.rolloutNumGpus=null.",
      ),
  },
  {
    id: "engine-cuda-graphs",
    severity: "error",
    beyondReference: true,
    backend: "miles",
    reference: "Not checked by miles; SGLang fails while it starts.",
    check: ({ recipe: { sglang } }) =>
      faultIf(
        sglang.cudaGraphBs.some((size) => size < 1),
        "sglang.cudaGraphBs",
        "a captured batch holds at least one request",
        "Use positive sizes, or an empty list for SGLang's own choice.",
      ),
  },
  {
    id: "engine-data-parallel",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionError (sglang_utils/arguments.py:183-197).",
    check: ({ recipe: { sglang: s } }) =>
      faultIf(
        s.dpSize > 1 && !s.enableDpAttention,
        "sglang.dpSize",
        "groups inside an engine exist only with data-parallel attention",
        "Set sglang.enableDpAttention=true, or dpSize=1.",
      ),
  },
  {
    id: "engine-weight-transfer",
    severity: "error",
    beyondReference: false,
    backend: "miles",
    reference: "AssertionErrors (A:3215-3246).",
    check: ({ recipe: { cluster: c } }) =>
      faultIf(
        c.colocate && c.updateWeightTransferMode !== "broadcast",
        "cluster.updateWeightTransferMode",
        "colocated engines get weights through shared GPU memory",
        "Set it to broadcast, or cluster.colocate=false.",
      ),
  },
  {
    id: "engine-health-first-wait",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference:
      "First check at once: an engine that compiles its kernels is killed (training-gym#307).",
    check: ({ recipe: { faultTolerance: f } }) =>
      faultIf(
        f.enabled && f.healthCheckFirstWait < 300,
        "faultTolerance.healthCheckFirstWait",
        `engines with experts compile for minutes, and are checked after ${f.healthCheckFirstWait} s`,
        "Use 300 or more.",
      ),
  },
  {
    id: "engine-health-components",
    severity: "warning",
    beyondReference: true,
    backend: "miles",
    reference: "Ignored with a warning (A:2751-2761).",
    check: ({ recipe: { faultTolerance: f } }) =>
      faultIf(
        !f.enabled && f.components.length > 0,
        "faultTolerance.enabled",
        "components are named, but nothing is guarded",
        "Set faultTolerance.enabled=true.",
      ),
  },
];
