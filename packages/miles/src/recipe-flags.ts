import { RECIPE_FIELDS } from "@moonlight-rl/recipe";
import { evaluationArgs } from "./evaluation-args.ts";
import { numberText } from "./number.ts";
import { hfCheckpointArgs, precisionArgs } from "./precision-args.ts";
import { decimal, stated, unlessUsual, type RecipeFlag } from "./recipe-flag.ts";
import { refusal } from "./refusal.ts";

/** Where miles finds the filters that the recipe names. */
export const FILTERS = {
  "nonzero-std": "miles.rollout.filter_hub.dynamic_sampling_filters.check_reward_nonzero_std",
} as const;

export const CLUSTER_FLAGS: readonly RecipeFlag[] = [
  ...stated(
    "cluster.actorNumNodes",
    "cluster.actorNumGpusPerNode",
    "cluster.colocate",
    "cluster.rolloutNumGpus",
  ),
  ...unlessUsual(
    "cluster.numGpusPerNode",
    "cluster.offloadTrain",
    "cluster.offloadRollout",
    "cluster.offloadTrainTarget",
    "cluster.offloadTrainDiskDir",
    "cluster.updateWeightTransferMode",
    "cluster.updateWeightsInterval",
  ),
];

const CHECKPOINT_FLAGS: readonly RecipeFlag[] = [
  {
    fields: ["model.hfCheckpoint", "precision.rolloutCheckpoint", "precision.mode"],
    args: hfCheckpointArgs,
  },
  ...stated("checkpoint.refLoad", "checkpoint.load", "checkpoint.save", "checkpoint.saveInterval"),
  ...unlessUsual(
    "model.megatronToHfMode",
    "checkpoint.refCkptStep",
    "checkpoint.ckptStep",
    "checkpoint.saveRetainInterval",
    "checkpoint.asyncSave",
    "checkpoint.usePersistentCkptWorker",
    "checkpoint.noSaveOptim",
    "checkpoint.noLoadOptim",
    "checkpoint.noLoadRng",
    "checkpoint.finetune",
    "checkpoint.startRolloutId",
    "checkpoint.saveHf",
    "checkpoint.saveTriggerSentinel",
  ),
];

const ROLLOUT_FLAGS: readonly RecipeFlag[] = [
  ...stated("data.promptData", "data.inputKey", "data.labelKey"),
  ...unlessUsual("data.metadataKey", "data.toolKey"),
  ...stated("data.applyChatTemplate"),
  ...unlessUsual("data.applyChatTemplateKwargs", "data.chatTemplatePath"),
  ...stated(
    "rollout.shuffle",
    "reward.rmType",
    "rollout.numRollout",
    "rollout.rolloutBatchSize",
    "rollout.nSamplesPerPrompt",
    "rollout.maxResponseLen",
    "rollout.temperature",
  ),
  ...unlessUsual(
    "reward.rmUrl",
    "reward.customRmPath",
    "reward.groupRm",
    "reward.rewardKey",
    "reward.evalRewardKey",
    "rollout.maxPromptLen",
    "rollout.maxContextLen",
    "rollout.topP",
    "rollout.topK",
    "rollout.stop",
    "rollout.stopTokenIds",
    "rollout.seed",
    "rollout.customGenerateFunctionPath",
    "rollout.rolloutFunctionPath",
  ),
  ...stated("rollout.overSamplingBatchSize"),
  {
    fields: ["rollout.dynamicSamplingFilter"],
    args: ({ rollout: { dynamicSamplingFilter: filter } }) =>
      filter === null ? [] : ["--dynamic-sampling-filter-path", FILTERS[filter]],
  },
  ...unlessUsual("rollout.partialRollout", "rollout.maskOffpolicyInPartialRollout"),
  ...stated("rollout.numStepsPerRollout", "rollout.balanceData"),
];

const OPTIMIZER_FLAGS: readonly RecipeFlag[] = [
  ...stated("optimizer.name", "optimizer.lr", "optimizer.lrDecayStyle"),
  ...unlessUsual(
    "optimizer.minLr",
    "optimizer.lrDecayIters",
    "optimizer.lrWarmupIters",
    "optimizer.lrWarmupFraction",
    "optimizer.lrWarmupInit",
    "optimizer.lrWsdDecayIters",
    "optimizer.lrWsdDecayStyle",
    "optimizer.overrideOptParamScheduler",
  ),
  ...stated("optimizer.weightDecay", "optimizer.adamBeta1", "optimizer.adamBeta2"),
  ...unlessUsual("optimizer.adamEps", "optimizer.clipGrad"),
  ...stated(
    "optimizer.cpuOffload",
    "optimizer.overlapCpuOptimizerD2hH2d",
    "optimizer.usePrecisionAwareOptimizer",
  ),
  ...unlessUsual(
    "optimizer.offloadFraction",
    "optimizer.mainGradsDtype",
    "optimizer.mainParamsDtype",
    "optimizer.expAvgDtype",
    "optimizer.expAvgSqDtype",
    "optimizer.muonMomentum",
    "optimizer.muonUseNesterov",
    "optimizer.muonNumNsSteps",
    "optimizer.muonScaleMode",
    "optimizer.muonExtraScaleFactor",
    "optimizer.muonTpMode",
    "optimizer.resetOptimizerStates",
  ),
];

const ROUTING_REPLAY = {
  off: [],
  training: ["--use-routing-replay"],
  rollout: ["--use-rollout-routing-replay"],
} as const;

const ALGORITHM_FLAGS: readonly RecipeFlag[] = [
  ...stated("algorithm.advantageEstimator", "algorithm.useKlLoss"),
  decimal(2, "algorithm.klLossCoef"),
  ...stated("algorithm.klLossType"),
  ...unlessUsual("algorithm.useUnbiasedKl", "algorithm.klCoef", "algorithm.refUpdateInterval"),
  decimal(2, "algorithm.entropyCoef"),
  ...stated("algorithm.epsClip", "algorithm.epsClipHigh"),
  ...unlessUsual(
    "algorithm.epsClipC",
    "algorithm.grpoStdNormalization",
    "algorithm.rewardsNormalization",
    "algorithm.normalizeAdvantages",
    "algorithm.calculatePerTokenLoss",
    "algorithm.gamma",
    "algorithm.lambda",
    "algorithm.valueClip",
    "algorithm.criticLr",
    "algorithm.numCriticOnlySteps",
    "algorithm.useRolloutLogprobs",
    "algorithm.useTis",
    "algorithm.tisClip",
    "algorithm.tisClipLow",
    "algorithm.customTisFunctionPath",
    "algorithm.getMismatchMetrics",
    "algorithm.useOpsm",
    "algorithm.opsmDelta",
    "algorithm.observeTrainingEntropy",
    "algorithm.lossType",
  ),
  {
    fields: ["algorithm.routingReplay"],
    args: ({ algorithm }) => ROUTING_REPLAY[algorithm.routingReplay],
  },
];

const TRACKING_FLAGS = unlessUsual(
  ...RECIPE_FIELDS.map(({ path }) => path).filter((path) => path.startsWith("tracking.")),
);

const PERFORMANCE_FLAGS: readonly RecipeFlag[] = [
  ...stated(
    "parallelism.tensorModelParallelSize",
    "parallelism.sequenceParallel",
    "parallelism.pipelineModelParallelSize",
    "parallelism.contextParallelSize",
    "parallelism.expertModelParallelSize",
    "parallelism.expertTensorParallelSize",
  ),
  ...unlessUsual(
    "parallelism.numLayersPerVirtualPipelineStage",
    "parallelism.decoderFirstPipelineNumLayers",
    "parallelism.decoderLastPipelineNumLayers",
    "parallelism.cpCommType",
    "parallelism.hierarchicalContextParallelSizes",
    "parallelism.allgatherCp",
  ),
  ...stated(
    "performance.recomputeGranularity",
    "performance.recomputeMethod",
    "performance.recomputeNumLayers",
  ),
  ...unlessUsual("performance.recomputeModules", "performance.distributeSavedActivations"),
  ...stated("performance.useDynamicBatchSize", "performance.maxTokensPerGpu"),
  ...unlessUsual(
    "performance.logProbsMaxTokensPerGpu",
    "performance.logProbsChunkSize",
    "performance.recomputeLossFunction",
    "performance.microBatchSize",
    "performance.balanceByFlops",
    "performance.qkvFormat",
    "performance.overlapGradReduce",
    "performance.overlapParamGather",
    "performance.trainMemoryMarginBytes",
    "performance.updateWeightBufferSize",
    "performance.distributedTimeoutMinutes",
  ),
];

const EVALUATION_FLAGS: readonly RecipeFlag[] = [
  ...stated("eval.interval"),
  { fields: ["eval.datasets"], args: evaluationArgs },
  ...stated("eval.nSamplesPerPrompt", "eval.maxResponseLen"),
  {
    // Left out, miles evaluates at the rollouts' temperature.
    fields: ["eval.temperature", "rollout.temperature"],
    args: (r) =>
      r.eval.temperature === r.rollout.temperature
        ? []
        : ["--eval-temperature", numberText(r.eval.temperature)],
  },
  ...stated("eval.topP"),
  ...unlessUsual("eval.topK", "eval.maxPromptLen"),
  ...stated("eval.skipBeforeTrain"),
];

const ENGINE_FLAGS: readonly RecipeFlag[] = [
  ...stated("sglang.numGpusPerEngine", "sglang.memFractionStatic", "sglang.cudaGraphBs"),
  ...unlessUsual(
    ...RECIPE_FIELDS.map(({ path }) => path).filter(
      (path) =>
        path.startsWith("sglang.") &&
        !["sglang.numGpusPerEngine", "sglang.memFractionStatic", "sglang.cudaGraphBs"].includes(
          path,
        ),
    ),
  ),
];

const OTHER_FLAGS: readonly RecipeFlag[] = [
  decimal(1, "performance.attentionDropout"),
  decimal(1, "performance.hiddenDropout"),
  // Leaving the flag out changes nothing: for bf16 miles turns it on by itself (MG:780-788).
  ...stated("performance.accumulateAllreduceGradsInFp32"),
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
  ...unlessUsual("performance.attentionBackend"),
  ...stated("performance.moeEnableDeepep", "performance.moeTokenDispatcherType"),
  ...unlessUsual("performance.moeDeepepNumSms", "performance.moeSharedExpertOverlap"),
  { fields: ["precision.mode"], args: precisionArgs, raw: true },
  ...unlessUsual("seed"),
  ...unlessUsual(
    ...RECIPE_FIELDS.map(({ path }) => path).filter((path) =>
      /^(faultTolerance|debug)\./.test(path),
    ),
  ),
  ...unlessUsual("runtime.trainEnv"),
  { fields: ["runtime.extraArgs"], args: (r) => r.runtime.extraArgs, raw: true },
];

/** What follows the model's flags, in the reference launcher's order. */
export const RECIPE_FLAGS: readonly RecipeFlag[] = [
  ...CHECKPOINT_FLAGS,
  ...ROLLOUT_FLAGS,
  ...OPTIMIZER_FLAGS,
  ...ALGORITHM_FLAGS,
  ...TRACKING_FLAGS,
  ...PERFORMANCE_FLAGS,
  ...EVALUATION_FLAGS,
  ...ENGINE_FLAGS,
  ...OTHER_FLAGS,
];
