import { MOONLIGHT_16B_A3B } from "@moonlight-rl/model";
import { describe, expect, it } from "vitest";
import { rolloutArithmetic } from "../arithmetic.ts";
import { RECIPE_FIELDS } from "../field.ts";
import { resolveRecipe } from "../resolve.ts";
import { checkRecipe, RULES } from "./check.ts";

/** Rule ids that a change to the reference's recipe brings up, beside its own one note. */
function found(...set: string[]): string[] {
  const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", set });
  return checkRecipe(recipe, MOONLIGHT_16B_A3B)
    .map((finding) => finding.rule)
    .filter((rule) => rule !== "algorithm-kl-reported-only");
}

const CASES: readonly [rule: string, ...set: string[]][] = [
  ["range-count", "rollout.numRollout=0"],
  ["range-count", "parallelism.tensorModelParallelSize=0"],
  ["range-count", "checkpoint.saveInterval=0"],
  ["range-count-unchecked", "eval.interval=0"],
  ["range-count-unchecked", "rollout.maxResponseLen=0"],
  ["range-number", "rollout.topP=0"],
  ["range-number", "rollout.topK=0"],
  ["range-number", "eval.temperature=-1"],
  ["range-number", "optimizer.adamBeta2=1"],
  ["range-number", "sglang.memFractionStatic=1.2"],
  ["rollout-over-sampling", "rollout.overSamplingBatchSize=127"],
  [
    "rollout-batch-data-parallel",
    "rollout.numStepsPerRollout=512",
    "parallelism.tensorModelParallelSize=1",
  ],
  ["rollout-temperature", "rollout.temperature=0"],
  ["rollout-group-of-one", "rollout.nSamplesPerPrompt=1"],
  ["rollout-response-length", "rollout.maxResponseLen=8192"],
  ["algorithm-clip-range", "algorithm.epsClip=1"],
  ["algorithm-clip-range", "algorithm.epsClipHigh=-0.1"],
  ["algorithm-clip-order", "algorithm.epsClipHigh=0.1"],
  ["algorithm-kl-choice", "algorithm.klCoef=0.1", "algorithm.klLossCoef=0.1"],
  ["algorithm-kl-unused", "algorithm.useKlLoss=false", "algorithm.klLossCoef=0.1"],
  ["optimizer-lr", "optimizer.lr=-0.001"],
  ["optimizer-lr-zero", "optimizer.lr=0"],
  ["optimizer-offload-precision-aware", "optimizer.usePrecisionAwareOptimizer=false"],
  ["optimizer-overlap-without-offload", "optimizer.cpuOffload=false"],
  ["parallelism-experts-world", "cluster.actorNumGpusPerNode=4", "sglang.numGpusPerEngine=4"],
  ["parallelism-heads", "parallelism.tensorModelParallelSize=32", "cluster.actorNumNodes=4"],
  [
    "parallelism-layers",
    "parallelism.pipelineModelParallelSize=2",
    "parallelism.expertModelParallelSize=4",
  ],
  ["parallelism-experts", "parallelism.expertModelParallelSize=3", "cluster.actorNumNodes=3"],
  ["parallelism-moe-sequence-parallel", "parallelism.sequenceParallel=false"],
  ["parallelism-sequence-without-tensor", "parallelism.tensorModelParallelSize=1"],
  ["performance-deepep-flex", "performance.moeTokenDispatcherType=alltoall"],
  ["performance-flex-needs-experts-spread", "parallelism.expertModelParallelSize=1"],
  [
    "performance-allgather",
    "performance.moeTokenDispatcherType=allgather",
    "performance.moeEnableDeepep=false",
  ],
  ["performance-recompute-full", "performance.recomputeMethod=null"],
  ["performance-recompute-full", "performance.recomputeNumLayers=null"],
  ["performance-recompute-selective", "performance.recomputeGranularity=selective"],
  ["performance-recompute-off", "performance.recomputeGranularity=null"],
  ["performance-dynamic-batch", "performance.maxTokensPerGpu=null"],
  ["performance-token-cap", "performance.maxTokensPerGpu=2048"],
  ["performance-dropout", "performance.hiddenDropout=0.1"],
  ["engine-gpus", "sglang.numGpusPerEngine=3"],
  ["engine-gpus-missing", "cluster.colocate=false"],
  ["engine-gpus-overridden", "cluster.rolloutNumGpus=16"],
  ["engine-cuda-graphs", "sglang.cudaGraphBs=0,1"],
  ["checkpoint-save-folder", "checkpoint.save=null"],
  ["checkpoint-save-interval", "checkpoint.saveInterval=null"],
  ["checkpoint-reference-policy", "checkpoint.refLoad=null"],
  ["checkpoint-resume-folder", "checkpoint.load=/root/other"],
  ["eval-datasets", "eval.datasets=[]"],
  ["eval-dataset-names", "eval.datasets=[{name: a, path: /x}, {name: a, path: /y}]"],
  ["algorithm-normalize-advantages", "algorithm.advantageEstimator=reinforce_plus_plus"],
  ["algorithm-engine-logprobs", "algorithm.useTis=true", "algorithm.useRolloutLogprobs=true"],
  ["algorithm-mismatch-metrics", "algorithm.getMismatchMetrics=true"],
  ["algorithm-dual-clip", "algorithm.epsClipC=1"],
  ["algorithm-tis-range", "algorithm.useTis=true", "algorithm.tisClipLow=2"],
  ["algorithm-ppo-kl", "algorithm.advantageEstimator=ppo", "algorithm.klCoef=0.1"],
  [
    "algorithm-replay-engine-logprobs",
    "algorithm.routingReplay=training",
    "algorithm.useRolloutLogprobs=true",
  ],
  ["optimizer-min-lr", "optimizer.minLr=1e-5"],
  ["optimizer-warmup", "optimizer.lrWarmupIters=12000"],
  ["optimizer-warmup-stated", "optimizer.lrWarmupIters=1", "optimizer.lrWarmupFraction=0.1"],
  ["optimizer-wsd", "optimizer.lrDecayStyle=WSD"],
  ["optimizer-precision-aware-adam", "optimizer.name=muon"],
  [
    "optimizer-state-types",
    "optimizer.usePrecisionAwareOptimizer=false",
    "optimizer.expAvgDtype=bf16",
  ],
  ["optimizer-main-grads", "optimizer.mainGradsDtype=bf16"],
  ["optimizer-muon-overlap", "optimizer.name=muon", "performance.overlapGradReduce=true"],
  ["optimizer-offload-fraction", "optimizer.offloadFraction=1.5"],
  ["optimizer-overlap-gather", "performance.overlapParamGather=true"],
  ["parallelism-uneven-stages", "parallelism.decoderFirstPipelineNumLayers=13"],
  [
    "parallelism-layers",
    "parallelism.pipelineModelParallelSize=4",
    "parallelism.decoderFirstPipelineNumLayers=8",
  ],
  ["parallelism-virtual-stages", "parallelism.numLayersPerVirtualPipelineStage=3"],
  ["parallelism-context-levels", "parallelism.cpCommType=a2a+p2p"],
  ["checkpoint-retain", "checkpoint.saveRetainInterval=30"],
  ["checkpoint-async", "checkpoint.asyncSave=true"],
  ["checkpoint-bridge-resume", "model.megatronToHfMode=bridge"],
  ["checkpoint-not-resumable", "checkpoint.noSaveOptim=true"],
  ["performance-padded-batches", "performance.qkvFormat=bshd"],
  [
    "performance-balance-flops",
    "performance.balanceByFlops=true",
    "performance.useDynamicBatchSize=false",
  ],
  ["performance-shared-expert-overlap", "performance.moeSharedExpertOverlap=true"],
  ["performance-split-activations", "performance.distributeSavedActivations=true"],
  ["performance-flash-mla", "performance.attentionBackend=flash"],
  ["engine-data-parallel", "sglang.dpSize=8"],
  ["engine-weight-transfer", "cluster.updateWeightTransferMode=p2p"],
  ["engine-health-first-wait", "faultTolerance.enabled=true"],
  ["engine-health-components", "faultTolerance.components=train"],
  ["rollout-prompt-length", "rollout.maxContextLen=100", "rollout.maxPromptLen=100"],
  ["rollout-mask-without-partial", "rollout.maskOffpolicyInPartialRollout=true"],
  ["rollout-remote-reward", "reward.rmType=remote_rm"],
  ["rollout-custom-reward", "reward.customRmPath=./graders.mjs#strict"],
  ["rollout-custom-reward", "reward.customRmPath=my-graders#strict"],
  ["rollout-custom-reward", "reward.customRmPath=strict"],
  ["precision-checkpoint", "precision.mode=fp8-rollout"],
  ["precision-checkpoint", "precision.rolloutCheckpoint=/q"],
  [
    "precision-int-groups",
    "precision.mode=int4-qat",
    "precision.rolloutCheckpoint=/q",
    "precision.int4GroupSize=0",
  ],
  ["precision-replay", "precision.mode=int4-qat", "precision.rolloutCheckpoint=/q"],
  ["tracking-wandb-group", "tracking.useWandb=true"],
  ["tracking-tensorboard-folder", "tracking.useTensorboard=true"],
  ["tracking-secret", "runtime.env={WANDB_API_KEY: x}"],
  ["debug-exclusive", "debug.rolloutOnly=true", "debug.trainOnly=true"],
  ["debug-train-data", "debug.trainOnly=true"],
  ["debug-rollout-template", "debug.saveRolloutData=/d/rollouts.pt"],
  ["debug-details-override", "debug.dumpDetails=/d", "debug.saveTrainData=/t/{rank}.pt"],
  ["path-absolute", "data.promptData=data.jsonl"],
  ["launch-port", "launch.rayPort=80"],
  ["launch-port", "launch.dashboardPort=6379"],
  ["launch-mount", "launch.mounts=data:shared"],
  ["launch-slurm-option", "launch.slurmOptions=qos high"],
  ["launch-amount", "launch.timeLimitMinutes=0"],
  ["launch-program", "launch.milesPath=miles"],
  ["launch-name", "launch.slurmPartition=a b"],
];

describe("checkRecipe", () => {
  it("has nothing against the profiles but what the reference's recipe is known for", () => {
    const tiny = resolveRecipe({ profile: "tiny" }).recipe;
    expect(checkRecipe(tiny)).toEqual([]);
    const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b" });
    expect(checkRecipe(recipe, MOONLIGHT_16B_A3B).map((f) => [f.rule, f.severity])).toEqual([
      ["algorithm-kl-reported-only", "note"],
    ]);
  });

  it.each(CASES)("%s speaks up for %s", (rule, ...set) => {
    expect(found(...set)).toContain(rule);
  });

  it("takes a grader as a dotted Python path for miles, and as MODULE#EXPORT for embedded", () => {
    expect(found("reward.customRmPath=my_graders.strict.grade")).not.toContain(
      "rollout-custom-reward",
    );
    const set = ["reward.customRmPath=./graders.mjs#strict"];
    expect(checkRecipe(resolveRecipe({ profile: "tiny", set }).recipe)).toEqual([]);
  });

  it.each([
    ["rollout.numStepsPerRollout=7", "rollout-steps-divide"],
    ["parallelism.tensorModelParallelSize=3", "parallelism-world"],
  ])("%s is first of all a case of %s", (set, rule) => {
    expect(found(set)[0]).toBe(rule);
  });

  it("has a test for every rule", () => {
    const tested = new Set([
      ...CASES.map(([rule]) => rule),
      "rollout-steps-divide",
      "parallelism-world",
      "algorithm-kl-reported-only",
    ]);
    expect(RULES.map(({ id }) => id).filter((id) => !tested.has(id))).toEqual([]);
  });

  it("names an existing field, a reason and a fix in every finding", () => {
    const paths = RECIPE_FIELDS.map(({ path }) => path);
    for (const [, ...set] of CASES) {
      const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b", set });
      for (const { field, reason, fix, reference } of checkRecipe(recipe, MOONLIGHT_16B_A3B)) {
        expect(paths.some((path) => field === path || field.startsWith(`${path}.`))).toBe(true);
        for (const text of [reason, fix, reference]) expect(text.length).toBeGreaterThan(10);
      }
    }
  });

  it("keeps the rules of miles from the embedded backend, and the other way round", () => {
    const { recipe } = resolveRecipe({ profile: "tiny" });
    const rules = (backend: "embedded" | "miles"): string[] =>
      checkRecipe(recipe, undefined, backend).map((finding) => finding.rule);
    expect(rules("embedded")).toEqual([]);
    expect(rules("miles")).toContain("checkpoint-reference-policy");
  });

  /** Update with `npx vitest run --root packages/recipe -u`. */
  it("is what RULES.md says", async () => {
    const items = RULES.map(({ id, severity, backend, beyondReference, reference }) => {
      const facts = [
        severity,
        ...(backend === undefined ? [] : [`${backend} only`]),
        ...(beyondReference ? ["ours alone"] : []),
      ];
      return `- **${id}** (${facts.join(", ")}). Reference: ${reference}`;
    });
    const page = [
      "# Rules of the recipe",
      "",
      "Generated from the rules and checked by their tests. _Ours alone_: the reference starts such a run.",
      "Files of the reference are abbreviated: A is miles' arguments.py, MG Megatron's, TC its transformer_config.py, …",
      "",
      ...items,
      "",
    ].join("\n");
    await expect(page).toMatchFileSnapshot("../../RULES.md");
  });

  it("has unique, kebab-case ids", () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^[a-z]+(-[a-z]+)+$/);
  });
});

describe("sound variants of the reference's recipe", () => {
  it.each([
    ["Dr.GRPO", "algorithm.grpoStdNormalization=false", "algorithm.calculatePerTokenLoss=true"],
    ["GSPO", "algorithm.advantageEstimator=gspo", "algorithm.epsClip=0.0003"],
    ["dual clip and TIS", "algorithm.epsClipC=3", "algorithm.useTis=true"],
    [
      "Muon",
      "optimizer.name=muon",
      "optimizer.cpuOffload=false",
      "optimizer.overlapCpuOptimizerD2hH2d=false",
      "optimizer.usePrecisionAwareOptimizer=false",
    ],
    ["cosine", "optimizer.lrDecayStyle=cosine", "optimizer.lrWarmupFraction=0.01"],
    [
      "13 + 14 layers",
      "parallelism.pipelineModelParallelSize=2",
      "parallelism.expertModelParallelSize=4",
      "parallelism.decoderFirstPipelineNumLayers=13",
    ],
    [
      "INT4 with R3",
      "precision.mode=int4-qat",
      "precision.rolloutCheckpoint=/root/int4",
      "algorithm.routingReplay=rollout",
    ],
    ["asynchronous saves", "checkpoint.asyncSave=true", "checkpoint.usePersistentCkptWorker=true"],
    ["W&B", "tracking.useWandb=true", "tracking.wandbGroup=g"],
  ])("has nothing against %s", (_, ...set) => {
    expect(found(...set)).toEqual([]);
  });
});

describe("rolloutArithmetic", () => {
  it("gives the figures of the reference's recipe", () => {
    const { recipe } = resolveRecipe({ profile: "moonlight-16b-a3b" });
    expect(rolloutArithmetic(recipe)).toEqual({
      samplesPerRollout: 1024,
      globalBatchSize: 256,
      trimmedSamples: 0,
      totalSteps: 12_000,
      minPromptsPerRollout: 256,
      samplesPerWave: 2048,
      worldSize: 8,
      dataParallelSize: 2,
    });
  });

  it("rounds down as the reference does and says what is lost", () => {
    const { recipe } = resolveRecipe({
      profile: "moonlight-16b-a3b",
      set: ["rollout.numStepsPerRollout=7"],
    });
    expect(rolloutArithmetic(recipe)).toMatchObject({ globalBatchSize: 146, trimmedSamples: 2 });
  });
});
