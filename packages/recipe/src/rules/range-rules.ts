import type { Recipe } from "../schema.ts";
import type { Fault, Rule } from "./rule.ts";

type Read = (recipe: Recipe) => number | null;

const COUNTS: Readonly<Record<string, Read>> = {
  "rollout.numRollout": (r) => r.rollout.numRollout,
  "rollout.rolloutBatchSize": (r) => r.rollout.rolloutBatchSize,
  "rollout.nSamplesPerPrompt": (r) => r.rollout.nSamplesPerPrompt,
  "rollout.numStepsPerRollout": (r) => r.rollout.numStepsPerRollout,
  "parallelism.tensorModelParallelSize": (r) => r.parallelism.tensorModelParallelSize,
  "parallelism.pipelineModelParallelSize": (r) => r.parallelism.pipelineModelParallelSize,
  "parallelism.contextParallelSize": (r) => r.parallelism.contextParallelSize,
  "parallelism.expertModelParallelSize": (r) => r.parallelism.expertModelParallelSize,
  "parallelism.expertTensorParallelSize": (r) => r.parallelism.expertTensorParallelSize,
  "performance.microBatchSize": (r) => r.performance.microBatchSize,
  "cluster.actorNumNodes": (r) => r.cluster.actorNumNodes,
  "cluster.actorNumGpusPerNode": (r) => r.cluster.actorNumGpusPerNode,
  "checkpoint.saveInterval": (r) => r.checkpoint.saveInterval,
};

const UNCHECKED_COUNTS: Readonly<Record<string, Read>> = {
  "rollout.maxResponseLen": (r) => r.rollout.maxResponseLen,
  "performance.maxTokensPerGpu": (r) => r.performance.maxTokensPerGpu,
  "performance.recomputeNumLayers": (r) => r.performance.recomputeNumLayers,
  "sglang.numGpusPerEngine": (r) => r.sglang.numGpusPerEngine,
  "sglang.serverConcurrency": (r) => r.sglang.serverConcurrency,
  "eval.interval": (r) => r.eval.interval,
  "eval.nSamplesPerPrompt": (r) => r.eval.nSamplesPerPrompt,
  "eval.maxResponseLen": (r) => r.eval.maxResponseLen,
};

/** Ranges of single numbers that stand in the open: [lowest, highest, whether the ends belong to it]. */
const RANGES: readonly {
  field: string;
  read: Read;
  allowed: string;
  ok: (v: number) => boolean;
}[] = [
  {
    field: "rollout.topP",
    read: (r) => r.rollout.topP,
    allowed: "above 0 and at most 1",
    ok: (v) => v > 0 && v <= 1,
  },
  {
    field: "rollout.topK",
    read: (r) => r.rollout.topK,
    allowed: "-1 (all) or at least 1",
    ok: (v) => v === -1 || v >= 1,
  },
  {
    field: "eval.topP",
    read: (r) => r.eval.topP,
    allowed: "above 0 and at most 1",
    ok: (v) => v > 0 && v <= 1,
  },
  {
    field: "eval.temperature",
    read: (r) => r.eval.temperature,
    allowed: "at least 0",
    ok: (v) => v >= 0,
  },
  {
    field: "algorithm.klLossCoef",
    read: (r) => r.algorithm.klLossCoef,
    allowed: "at least 0",
    ok: (v) => v >= 0,
  },
  {
    field: "algorithm.klCoef",
    read: (r) => r.algorithm.klCoef,
    allowed: "at least 0",
    ok: (v) => v >= 0,
  },
  {
    field: "optimizer.weightDecay",
    read: (r) => r.optimizer.weightDecay,
    allowed: "at least 0",
    ok: (v) => v >= 0,
  },
  {
    field: "optimizer.clipGrad",
    read: (r) => r.optimizer.clipGrad,
    allowed: "at least 0",
    ok: (v) => v >= 0,
  },
  {
    field: "optimizer.adamBeta1",
    read: (r) => r.optimizer.adamBeta1,
    allowed: "at least 0 and below 1",
    ok: (v) => v >= 0 && v < 1,
  },
  {
    field: "optimizer.adamBeta2",
    read: (r) => r.optimizer.adamBeta2,
    allowed: "at least 0 and below 1",
    ok: (v) => v >= 0 && v < 1,
  },
  {
    field: "optimizer.adamEps",
    read: (r) => r.optimizer.adamEps,
    allowed: "above 0",
    ok: (v) => v > 0,
  },
  {
    field: "performance.attentionDropout",
    read: (r) => r.performance.attentionDropout,
    allowed: "at least 0 and below 1",
    ok: (v) => v >= 0 && v < 1,
  },
  {
    field: "performance.hiddenDropout",
    read: (r) => r.performance.hiddenDropout,
    allowed: "at least 0 and below 1",
    ok: (v) => v >= 0 && v < 1,
  },
  {
    field: "sglang.memFractionStatic",
    read: (r) => r.sglang.memFractionStatic,
    allowed: "above 0 and below 1",
    ok: (v) => v > 0 && v < 1,
  },
];

function belowOne(counts: Readonly<Record<string, Read>>, recipe: Recipe): Fault[] {
  return Object.entries(counts).flatMap(([field, read]) => {
    const value = read(recipe);
    return value === null || value >= 1
      ? []
      : [{ field, reason: `${value} is not a positive number`, fix: "Use 1 or more." }];
  });
}

export const RANGE_RULES: readonly Rule[] = [
  {
    id: "range-count",
    severity: "error",
    beyondReference: false,
    reference:
      "A ZeroDivisionError or a bare assert, some of them in the actors after the GPUs are taken (A:3381, MG:314, MG:500, MG:901; num_rollout 0 trips lr_decay_steps > 0 in the scheduler).",
    check: ({ recipe }) => belowOne(COUNTS, recipe),
  },
  {
    id: "range-count-unchecked",
    severity: "error",
    beyondReference: true,
    reference: "Not checked; generation or evaluation fails or returns nothing later.",
    check: ({ recipe }) => belowOne(UNCHECKED_COUNTS, recipe),
  },
  {
    id: "range-number",
    severity: "error",
    beyondReference: true,
    reference: "Not checked by miles; SGLang, Adam or dropout refuse it later, or train nonsense.",
    check: ({ recipe }) =>
      RANGES.flatMap(({ field, read, allowed, ok }) => {
        const value = read(recipe);
        return value === null || ok(value)
          ? []
          : [{ field, reason: `${value} is outside its range`, fix: `Use a value ${allowed}.` }];
      }),
  },
];
