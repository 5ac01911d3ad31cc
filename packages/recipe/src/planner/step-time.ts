import type { HfConfig } from "@moonlight-rl/model";
import { rolloutArithmetic } from "../arithmetic.ts";
import type { Recipe } from "../schema.ts";
import type { EngineMemory } from "./engine-memory.ts";
import type { Gpu } from "./hardware.ts";
import type { Layout } from "./layout.ts";
import { modelSize } from "./model-size.ts";
import { heaviestStage, ownedParameters, stateBytesPerParameter } from "./trainer-memory.ts";

/** Seconds of one part of a rollout's cycle: the likely value between the least and the most. */
export interface TimeLine {
  readonly what: string;
  readonly seconds: number;
  readonly low: number;
  readonly high: number;
  readonly formula: string;
}

/** Bytes per second of a node's Adam: PyTorch's fused AdamW reached 133 GB/s on 16 cores, servers have more. */
const HOST_MEMORY_BANDWIDTH = { low: 60e9, likely: 150e9, high: 350e9 };
/** Share of memory bandwidth that decoding reaches, and of the GPU's operations that training reaches. */
const DECODE_EFFICIENCY = { low: 0.25, likely: 0.45, high: 0.7 };
const TRAIN_EFFICIENCY = { low: 0.12, likely: 0.25, high: 0.4 };
const DISK_BANDWIDTH = { low: 0.5e9, likely: 2e9, high: 8e9 };

/**
 * Time of one rollout and its training.
 *
 * @param meanResponse tokens of a typical response; the recipe only knows the most
 * @param promptsPerRollout prompts that are generated for, over-sampling included
 */
export function timeLines(
  config: HfConfig,
  recipe: Recipe,
  layout: Layout,
  engine: EngineMemory,
  gpu: Gpu,
  meanResponse: number,
  promptsPerRollout: number,
  bytesPerSave: number,
): TimeLine[] {
  const { rollout, sglang, optimizer, algorithm, performance, cluster, checkpoint } = recipe;
  const { activated } = modelSize(config);
  const { samplesPerRollout } = rolloutArithmetic(recipe);
  const perEngine = Math.max(1, sglang.numGpusPerEngine);
  const gpus = cluster.colocate ? layout.worldSize : (cluster.rolloutNumGpus ?? layout.worldSize);
  const engines = Math.max(1, Math.floor(gpus / perEngine));
  const generated = promptsPerRollout * rollout.nSamplesPerPrompt;
  const batch = Math.max(
    1,
    Math.min(
      generated / engines,
      sglang.serverConcurrency,
      Math.max(1, engine.kvTokens) / (meanResponse + 256),
    ),
  );
  const waves = Math.max(1, generated / engines / batch);
  const readPerStep = engine.weights.bytes + batch * (meanResponse / 2) * engine.kvBytesPerToken;
  // The slowest sample of a wave decides: it is as long as the recipe allows.
  const steps = (waves - 1) * meanResponse + rollout.maxResponseLen;
  const decode = (steps * readPerStep) / gpu.memoryBandwidth;
  const tokens = samplesPerRollout * (meanResponse + 256);
  const scored = (algorithm.useRolloutLogprobs ? 0 : 1) + (algorithm.useKlLoss ? 1 : 0);
  const again = performance.recomputeGranularity === "full" ? 2 : 0;
  const perToken = activated * (6 + again + 2 * scored);
  const train = (tokens * perToken) / (layout.worldSize * gpu.flops);
  const stage = heaviestStage(config, layout);
  const owned = ownedParameters(recipe, layout, stage);
  const touched = owned * layout.gpusPerNode * (2 * stateBytesPerParameter(recipe) + 8);
  const offloaded = optimizer.cpuOffload ? optimizer.offloadFraction : 0;
  const stepCount = rollout.numStepsPerRollout;
  const weights = modelSize(config).total * 2;
  const save =
    checkpoint.saveInterval === null || checkpoint.saveInterval < 1 || checkpoint.asyncSave
      ? 0
      : bytesPerSave / checkpoint.saveInterval;
  const over = (
    what: string,
    amount: number,
    rate: { low: number; likely: number; high: number },
    formula: string,
  ): TimeLine => ({
    what,
    seconds: amount / rate.likely,
    low: amount / rate.high,
    high: amount / rate.low,
    formula,
  });
  return [
    over(
      "generation",
      decode,
      DECODE_EFFICIENCY,
      `${Math.round(steps)} decoding steps × (weights + KV of ${Math.round(batch)} samples per engine) ÷ memory bandwidth at ${percent(DECODE_EFFICIENCY)}`,
    ),
    over(
      "training and scoring",
      train,
      TRAIN_EFFICIENCY,
      `${tokens.toExponential(1)} tokens × ${(activated / 1e9).toFixed(2)} G active parameters × ${6 + again + 2 * scored} operations ÷ ${layout.worldSize} GPUs at ${percent(TRAIN_EFFICIENCY)}`,
    ),
    over(
      "optimizer on the CPU",
      stepCount * touched * offloaded,
      HOST_MEMORY_BANDWIDTH,
      offloaded === 0
        ? "not offloaded"
        : `${stepCount} steps × ${(owned / 1e6).toFixed(0)} M parameters × ${layout.gpusPerNode} ranks, read and written at 60–350 GB/s per node`,
    ),
    over(
      "weight update and taking turns",
      weights,
      { low: 1e9, likely: 3e9, high: 10e9 },
      "all weights gathered, converted and loaded at 1–10 GB/s",
    ),
    over(
      "saving (its share)",
      save,
      DISK_BANDWIDTH,
      save === 0 ? "in the background, or never" : "one save ÷ saveInterval at 0.5–8 GB/s",
    ),
  ];
}

function percent(rate: { low: number; high: number }): string {
  return `${Math.round(rate.low * 100)}–${Math.round(rate.high * 100)} %`;
}
