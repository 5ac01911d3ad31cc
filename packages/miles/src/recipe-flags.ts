import type { Recipe } from "@moonlight-rl/recipe";
import { decimalText, numberText } from "./number.ts";
import { refusal } from "./refusal.ts";

/** How one field of the recipe (or a few that share a flag) is said to miles. */
export interface RecipeFlag {
  /** Dotted paths that the arguments depend on; the first is named when a value cannot be passed. */
  readonly fields: readonly string[];
  /** Empty where the reference's default already says it. */
  readonly args: (recipe: Recipe) => readonly string[];
}

/** Where miles finds the filters that the recipe names. */
const FILTERS = {
  "nonzero-std": "miles.rollout.filter_hub.dynamic_sampling_filters.check_reward_nonzero_std",
} as const;

type Value = string | number | null;

const text = (value: string | number): string =>
  typeof value === "number" ? numberText(value) : value;

/** Always passed, except null. */
function value(field: string, flag: string, read: (recipe: Recipe) => Value): RecipeFlag {
  return {
    fields: [field],
    args: (recipe) => {
      const current = read(recipe);
      return current === null ? [] : [flag, text(current)];
    },
  };
}

/** Passed when it differs from what miles takes by itself, which is how the reference's own recipe leaves it out. */
function unless(
  usual: number,
  field: string,
  flag: string,
  read: (recipe: Recipe) => number,
): RecipeFlag {
  return {
    fields: [field],
    args: (recipe) => (read(recipe) === usual ? [] : [flag, text(read(recipe))]),
  };
}

/** A bare flag. */
function toggle(field: string, flag: string, read: (recipe: Recipe) => boolean): RecipeFlag {
  return { fields: [field], args: (recipe) => (read(recipe) ? [flag] : []) };
}

function decimal(
  decimals: number,
  field: string,
  flag: string,
  read: (recipe: Recipe) => number,
): RecipeFlag {
  return { fields: [field], args: (recipe) => [flag, decimalText(read(recipe), decimals)] };
}

export const CLUSTER_FLAGS: readonly RecipeFlag[] = [
  value("cluster.actorNumNodes", "--actor-num-nodes", (r) => r.cluster.actorNumNodes),
  value(
    "cluster.actorNumGpusPerNode",
    "--actor-num-gpus-per-node",
    (r) => r.cluster.actorNumGpusPerNode,
  ),
  toggle("cluster.colocate", "--colocate", (r) => r.cluster.colocate),
  value("cluster.rolloutNumGpus", "--rollout-num-gpus", (r) => r.cluster.rolloutNumGpus),
];

const CHECKPOINT_FLAGS: readonly RecipeFlag[] = [
  value("model.hfCheckpoint", "--hf-checkpoint", (r) => r.model.hfCheckpoint),
  value("checkpoint.refLoad", "--ref-load", (r) => r.checkpoint.refLoad),
  value("checkpoint.load", "--load", (r) => r.checkpoint.load),
  value("checkpoint.save", "--save", (r) => r.checkpoint.save),
  value("checkpoint.saveInterval", "--save-interval", (r) => r.checkpoint.saveInterval),
];

const ROLLOUT_FLAGS: readonly RecipeFlag[] = [
  value("data.promptData", "--prompt-data", (r) => r.data.promptData),
  value("data.inputKey", "--input-key", (r) => r.data.inputKey),
  value("data.labelKey", "--label-key", (r) => r.data.labelKey),
  toggle("data.applyChatTemplate", "--apply-chat-template", (r) => r.data.applyChatTemplate),
  toggle("rollout.shuffle", "--rollout-shuffle", (r) => r.rollout.shuffle),
  value("reward.rmType", "--rm-type", (r) => r.reward.rmType),
  value("rollout.numRollout", "--num-rollout", (r) => r.rollout.numRollout),
  value("rollout.rolloutBatchSize", "--rollout-batch-size", (r) => r.rollout.rolloutBatchSize),
  value("rollout.nSamplesPerPrompt", "--n-samples-per-prompt", (r) => r.rollout.nSamplesPerPrompt),
  value("rollout.maxResponseLen", "--rollout-max-response-len", (r) => r.rollout.maxResponseLen),
  value("rollout.temperature", "--rollout-temperature", (r) => r.rollout.temperature),
  unless(1, "rollout.topP", "--rollout-top-p", (r) => r.rollout.topP),
  unless(-1, "rollout.topK", "--rollout-top-k", (r) => r.rollout.topK),
  unless(42, "rollout.seed", "--rollout-seed", (r) => r.rollout.seed),
  value(
    "rollout.overSamplingBatchSize",
    "--over-sampling-batch-size",
    (r) => r.rollout.overSamplingBatchSize,
  ),
  value("rollout.dynamicSamplingFilter", "--dynamic-sampling-filter-path", (r) =>
    r.rollout.dynamicSamplingFilter === null ? null : FILTERS[r.rollout.dynamicSamplingFilter],
  ),
  value(
    "rollout.numStepsPerRollout",
    "--num-steps-per-rollout",
    (r) => r.rollout.numStepsPerRollout,
  ),
  toggle("rollout.balanceData", "--balance-data", (r) => r.rollout.balanceData),
];

const OPTIMIZER_FLAGS: readonly RecipeFlag[] = [
  value("optimizer.name", "--optimizer", (r) => r.optimizer.name),
  value("optimizer.lr", "--lr", (r) => r.optimizer.lr),
  value("optimizer.lrDecayStyle", "--lr-decay-style", (r) => r.optimizer.lrDecayStyle),
  value("optimizer.weightDecay", "--weight-decay", (r) => r.optimizer.weightDecay),
  value("optimizer.adamBeta1", "--adam-beta1", (r) => r.optimizer.adamBeta1),
  value("optimizer.adamBeta2", "--adam-beta2", (r) => r.optimizer.adamBeta2),
  unless(1e-8, "optimizer.adamEps", "--adam-eps", (r) => r.optimizer.adamEps),
  unless(1, "optimizer.clipGrad", "--clip-grad", (r) => r.optimizer.clipGrad),
  toggle("optimizer.cpuOffload", "--optimizer-cpu-offload", (r) => r.optimizer.cpuOffload),
  toggle(
    "optimizer.overlapCpuOptimizerD2hH2d",
    "--overlap-cpu-optimizer-d2h-h2d",
    (r) => r.optimizer.overlapCpuOptimizerD2hH2d,
  ),
  toggle(
    "optimizer.usePrecisionAwareOptimizer",
    "--use-precision-aware-optimizer",
    (r) => r.optimizer.usePrecisionAwareOptimizer,
  ),
];

const ALGORITHM_FLAGS: readonly RecipeFlag[] = [
  value(
    "algorithm.advantageEstimator",
    "--advantage-estimator",
    (r) => r.algorithm.advantageEstimator,
  ),
  toggle("algorithm.useKlLoss", "--use-kl-loss", (r) => r.algorithm.useKlLoss),
  decimal(2, "algorithm.klLossCoef", "--kl-loss-coef", (r) => r.algorithm.klLossCoef),
  value("algorithm.klLossType", "--kl-loss-type", (r) => r.algorithm.klLossType),
  unless(0, "algorithm.klCoef", "--kl-coef", (r) => r.algorithm.klCoef),
  decimal(2, "algorithm.entropyCoef", "--entropy-coef", (r) => r.algorithm.entropyCoef),
  value("algorithm.epsClip", "--eps-clip", (r) => r.algorithm.epsClip),
  value("algorithm.epsClipHigh", "--eps-clip-high", (r) => r.algorithm.epsClipHigh),
  toggle(
    "algorithm.grpoStdNormalization",
    "--disable-grpo-std-normalization",
    (r) => !r.algorithm.grpoStdNormalization,
  ),
];

const PERFORMANCE_FLAGS: readonly RecipeFlag[] = [
  value(
    "parallelism.tensorModelParallelSize",
    "--tensor-model-parallel-size",
    (r) => r.parallelism.tensorModelParallelSize,
  ),
  toggle(
    "parallelism.sequenceParallel",
    "--sequence-parallel",
    (r) => r.parallelism.sequenceParallel,
  ),
  value(
    "parallelism.pipelineModelParallelSize",
    "--pipeline-model-parallel-size",
    (r) => r.parallelism.pipelineModelParallelSize,
  ),
  value(
    "parallelism.contextParallelSize",
    "--context-parallel-size",
    (r) => r.parallelism.contextParallelSize,
  ),
  value(
    "parallelism.expertModelParallelSize",
    "--expert-model-parallel-size",
    (r) => r.parallelism.expertModelParallelSize,
  ),
  value(
    "parallelism.expertTensorParallelSize",
    "--expert-tensor-parallel-size",
    (r) => r.parallelism.expertTensorParallelSize,
  ),
  value(
    "performance.recomputeGranularity",
    "--recompute-granularity",
    (r) => r.performance.recomputeGranularity,
  ),
  value("performance.recomputeMethod", "--recompute-method", (r) => r.performance.recomputeMethod),
  value(
    "performance.recomputeNumLayers",
    "--recompute-num-layers",
    (r) => r.performance.recomputeNumLayers,
  ),
  toggle(
    "performance.useDynamicBatchSize",
    "--use-dynamic-batch-size",
    (r) => r.performance.useDynamicBatchSize,
  ),
  value(
    "performance.maxTokensPerGpu",
    "--max-tokens-per-gpu",
    (r) => r.performance.maxTokensPerGpu,
  ),
  unless(
    1,
    "performance.microBatchSize",
    "--micro-batch-size",
    (r) => r.performance.microBatchSize,
  ),
];

const EVALUATION_FLAGS: readonly RecipeFlag[] = [
  value("eval.interval", "--eval-interval", (r) => r.eval.interval),
  {
    fields: ["eval.datasets"],
    args: (r) =>
      r.eval.datasets.length === 0
        ? []
        : ["--eval-prompt-data", ...r.eval.datasets.flatMap(({ name, path }) => [name, path])],
  },
  value("eval.nSamplesPerPrompt", "--n-samples-per-eval-prompt", (r) => r.eval.nSamplesPerPrompt),
  value("eval.maxResponseLen", "--eval-max-response-len", (r) => r.eval.maxResponseLen),
  {
    // Left out, miles evaluates at the rollouts' temperature.
    fields: ["eval.temperature", "rollout.temperature"],
    args: (r) =>
      r.eval.temperature === r.rollout.temperature
        ? []
        : ["--eval-temperature", numberText(r.eval.temperature)],
  },
  value("eval.topP", "--eval-top-p", (r) => r.eval.topP),
  toggle("eval.skipBeforeTrain", "--skip-eval-before-train", (r) => r.eval.skipBeforeTrain),
];

const ENGINE_FLAGS: readonly RecipeFlag[] = [
  value(
    "sglang.numGpusPerEngine",
    "--rollout-num-gpus-per-engine",
    (r) => r.sglang.numGpusPerEngine,
  ),
  value(
    "sglang.memFractionStatic",
    "--sglang-mem-fraction-static",
    (r) => r.sglang.memFractionStatic,
  ),
  {
    fields: ["sglang.cudaGraphBs"],
    args: (r) =>
      r.sglang.cudaGraphBs.length === 0
        ? []
        : ["--sglang-cuda-graph-bs", ...r.sglang.cudaGraphBs.map(String)],
  },
  unless(
    512,
    "sglang.serverConcurrency",
    "--sglang-server-concurrency",
    (r) => r.sglang.serverConcurrency,
  ),
];

const OTHER_FLAGS: readonly RecipeFlag[] = [
  decimal(
    1,
    "performance.attentionDropout",
    "--attention-dropout",
    (r) => r.performance.attentionDropout,
  ),
  decimal(1, "performance.hiddenDropout", "--hidden-dropout", (r) => r.performance.hiddenDropout),
  {
    // Leaving the flag out changes nothing: for bf16 miles turns it on by itself (MG:780-788).
    fields: ["performance.accumulateAllreduceGradsInFp32"],
    args: (r) =>
      r.performance.accumulateAllreduceGradsInFp32
        ? ["--accumulate-allreduce-grads-in-fp32"]
        : ["--grad-reduce-in-bf16"],
  },
  {
    fields: ["performance.attentionSoftmaxInFp32"],
    args: (r) => {
      if (r.performance.attentionSoftmaxInFp32) return ["--attention-softmax-in-fp32"];
      throw refusal(
        "performance.attentionSoftmaxInFp32",
        "Megatron computes the softmax in float32 by default and has no flag against it",
        "Leave it true.",
      );
    },
  },
  toggle(
    "performance.moeEnableDeepep",
    "--moe-enable-deepep",
    (r) => r.performance.moeEnableDeepep,
  ),
  value(
    "performance.moeTokenDispatcherType",
    "--moe-token-dispatcher-type",
    (r) => r.performance.moeTokenDispatcherType,
  ),
  unless(1234, "seed", "--seed", (r) => r.seed),
];

/** What follows the model's flags, in the reference launcher's order. */
export const RECIPE_FLAGS: readonly RecipeFlag[] = [
  ...CHECKPOINT_FLAGS,
  ...ROLLOUT_FLAGS,
  ...OPTIMIZER_FLAGS,
  ...ALGORITHM_FLAGS,
  ...PERFORMANCE_FLAGS,
  ...EVALUATION_FLAGS,
  ...ENGINE_FLAGS,
  ...OTHER_FLAGS,
];

/** Fields that only label a run; miles needs no word of them. */
export const UNRENDERED_FIELDS: readonly string[] = ["profile", "model.name"];
