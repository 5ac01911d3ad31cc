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

/**
 * The reference's recipe for Moonlight-16B-A3B on 8 GPUs (scripts/run-moonlight-16B-A3B.sh of miles).
 *
 * `root` is the folder, visible to every worker, that the model, checkpoints and datasets lie in.
 */
export function moonlightProfile(root: string): Recipe {
  const model = `${root}/Moonlight-16B-A3B`;
  return {
    profile: "moonlight-16b-a3b",
    seed: 1234,
    model: withUsualValues(modelSchema, { name: "Moonlight-16B-A3B", hfCheckpoint: model }),
    data: withUsualValues(dataSchema, {
      promptData: `${root}/dapo-math-17k/dapo-math-17k.jsonl`,
      inputKey: "prompt",
      labelKey: "label",
      applyChatTemplate: true,
    }),
    checkpoint: withUsualValues(checkpointSchema, {
      refLoad: `${model}_torch_dist`,
      load: `${model}_miles/`,
      save: `${model}_miles/`,
      saveInterval: 20,
    }),
    rollout: withUsualValues(rolloutSchema, {
      numRollout: 3000,
      rolloutBatchSize: 128,
      nSamplesPerPrompt: 8,
      overSamplingBatchSize: 256,
      dynamicSamplingFilter: "nonzero-std",
      numStepsPerRollout: 4,
      maxResponseLen: 4096,
      temperature: 1,
      topP: 1,
      topK: -1,
      shuffle: true,
      seed: 42,
      balanceData: true,
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
      lr: 1e-6,
      lrDecayStyle: "constant",
      weightDecay: 0.1,
      adamBeta1: 0.9,
      adamBeta2: 0.98,
      adamEps: 1e-8,
      clipGrad: 1,
      cpuOffload: true,
      overlapCpuOptimizerD2hH2d: true,
      usePrecisionAwareOptimizer: true,
    }),
    parallelism: withUsualValues(parallelismSchema, {
      tensorModelParallelSize: 4,
      sequenceParallel: true,
      pipelineModelParallelSize: 1,
      contextParallelSize: 1,
      expertModelParallelSize: 8,
      expertTensorParallelSize: 1,
    }),
    performance: withUsualValues(performanceSchema, {
      recomputeGranularity: "full",
      recomputeMethod: "uniform",
      recomputeNumLayers: 1,
      useDynamicBatchSize: true,
      maxTokensPerGpu: 8192,
      microBatchSize: 1,
      attentionDropout: 0,
      hiddenDropout: 0,
      accumulateAllreduceGradsInFp32: true,
      attentionSoftmaxInFp32: true,
      moeTokenDispatcherType: "flex",
      moeEnableDeepep: true,
    }),
    precision: withUsualValues(precisionSchema, {}),
    sglang: withUsualValues(sglangSchema, {
      numGpusPerEngine: 8,
      memFractionStatic: 0.7,
      cudaGraphBs: [1, 2, 4, ...Array.from({ length: 32 }, (_, i) => 8 * (i + 1))],
      serverConcurrency: 512,
    }),
    cluster: withUsualValues(clusterSchema, {
      actorNumNodes: 1,
      actorNumGpusPerNode: 8,
      colocate: true,
      gpuType: "h100-80",
      rolloutNumGpus: null,
    }),
    eval: withUsualValues(evaluationSchema, {
      interval: 20,
      datasets: [{ name: "aime", path: `${root}/aime-2024/aime-2024.jsonl` }],
      nSamplesPerPrompt: 8,
      maxResponseLen: 4096,
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
