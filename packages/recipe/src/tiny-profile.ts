import { algorithmSchema } from "./algorithm.ts";
import { checkpointSchema } from "./checkpoint.ts";
import { clusterSchema } from "./cluster.ts";
import { dataSchema } from "./data.ts";
import { debugSchema } from "./debug.ts";
import { evaluationSchema } from "./evaluation.ts";
import { faultToleranceSchema } from "./fault-tolerance.ts";
import { launchSchema } from "./launch.ts";
import { modelSchema } from "./model.ts";
import { optimizerSchema } from "./optimizer.ts";
import { parallelismSchema } from "./parallelism.ts";
import { performanceSchema } from "./performance.ts";
import { precisionSchema } from "./precision.ts";
import { rewardSchema } from "./reward.ts";
import { rolloutSchema } from "./rollout.ts";
import { runtimeSchema } from "./runtime.ts";
import { sglangSchema } from "./sglang.ts";
import { trackingSchema } from "./tracking.ts";
import type { Recipe } from "./schema.ts";
import { withUsualValues } from "./usual-values.ts";

/** Everything on the CPU in minutes: the bundled tiny Moonlight learns two-operand arithmetic (backend embedded). */
export function tinyProfile(): Recipe {
  return {
    profile: "tiny",
    seed: 1234,
    model: withUsualValues(modelSchema, {
      name: "tiny-moonlight",
      hfCheckpoint: "moonlight-rl/tiny-moonlight",
    }),
    data: withUsualValues(dataSchema, {
      promptData: "tiny-dapo-math.jsonl",
      inputKey: "prompt",
      labelKey: "label",
      applyChatTemplate: true,
    }),
    checkpoint: withUsualValues(checkpointSchema, {
      refLoad: null,
      load: null,
      save: null,
      saveInterval: 40,
    }),
    rollout: withUsualValues(rolloutSchema, {
      numRollout: 200,
      rolloutBatchSize: 64,
      nSamplesPerPrompt: 8,
      overSamplingBatchSize: 128,
      dynamicSamplingFilter: "nonzero-std",
      numStepsPerRollout: 4,
      maxResponseLen: 12,
      temperature: 1,
      topP: 1,
      topK: -1,
      shuffle: true,
      seed: 42,
      balanceData: false,
    }),
    reward: withUsualValues(rewardSchema, { rmType: "math" }),
    algorithm: withUsualValues(algorithmSchema, {
      advantageEstimator: "grpo",
      epsClip: 0.2,
      epsClipHigh: 0.28,
      useKlLoss: true,
      klLossCoef: 0,
      klLossType: "low_var_kl",
      klCoef: 0,
      entropyCoef: 0,
      grpoStdNormalization: true,
    }),
    optimizer: withUsualValues(optimizerSchema, {
      name: "adam",
      lr: 3e-4,
      lrDecayStyle: "constant",
      weightDecay: 0,
      adamBeta1: 0.9,
      adamBeta2: 0.98,
      adamEps: 1e-8,
      clipGrad: 1,
      cpuOffload: false,
      overlapCpuOptimizerD2hH2d: false,
      usePrecisionAwareOptimizer: false,
    }),
    parallelism: withUsualValues(parallelismSchema, {
      tensorModelParallelSize: 1,
      sequenceParallel: false,
      pipelineModelParallelSize: 1,
      contextParallelSize: 1,
      expertModelParallelSize: 1,
      expertTensorParallelSize: 1,
    }),
    performance: withUsualValues(performanceSchema, {
      recomputeGranularity: null,
      recomputeMethod: null,
      recomputeNumLayers: null,
      useDynamicBatchSize: false,
      maxTokensPerGpu: null,
      microBatchSize: 1,
      attentionDropout: 0,
      hiddenDropout: 0,
      accumulateAllreduceGradsInFp32: true,
      attentionSoftmaxInFp32: true,
      moeTokenDispatcherType: "alltoall",
      moeEnableDeepep: false,
    }),
    precision: withUsualValues(precisionSchema, {}),
    sglang: withUsualValues(sglangSchema, {
      numGpusPerEngine: 1,
      memFractionStatic: 0.7,
      cudaGraphBs: [],
      serverConcurrency: 512,
    }),
    cluster: withUsualValues(clusterSchema, {
      actorNumNodes: 1,
      actorNumGpusPerNode: 1,
      colocate: true,
      gpuType: "h100-80",
      rolloutNumGpus: null,
    }),
    eval: withUsualValues(evaluationSchema, {
      interval: 40,
      datasets: [{ name: "tiny-aime", path: "tiny-aime.jsonl" }],
      nSamplesPerPrompt: 4,
      maxResponseLen: 12,
      temperature: 1,
      topP: 1,
      skipBeforeTrain: false,
    }),
    faultTolerance: withUsualValues(faultToleranceSchema, {}),
    tracking: withUsualValues(trackingSchema, {}),
    debug: withUsualValues(debugSchema, {}),
    runtime: withUsualValues(runtimeSchema, { megatronPath: "/root/Megatron-LM/", nvls: "detect" }),
    launch: withUsualValues(launchSchema, {}),
  };
}
