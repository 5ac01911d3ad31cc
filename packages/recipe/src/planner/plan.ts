import type { HfConfig } from "@moonlight-rl/model";
import type { Recipe } from "../schema.ts";
import {
  simulateRollout,
  type DifficultyBin,
  type RolloutSimulation,
} from "../simulator/simulate-rollout.ts";
import { diskPlan, type DiskPlan } from "./disk.ts";
import { engineMemory } from "./engine-memory.ts";
import { GPU_TYPES, GPUS, type GpuType } from "./hardware.ts";
import { hostLines } from "./host-memory.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { sumLines, type PlanLine } from "./line.ts";
import { phasePlans, type PhasePlan } from "./phases.ts";
import { timeLines, type TimeLine } from "./step-time.ts";

/** fits: even the high estimate does; tight: the likely one does; unlikely: only the low one does. */
export type Verdict = "fits" | "tight" | "unlikely" | "impossible";

export interface Plan {
  readonly gpuType: GpuType;
  readonly gpuBytes: number;
  readonly layout: Layout;
  /** GPU memory of the fullest GPU, phase by phase. */
  readonly phases: readonly PhasePlan[];
  readonly verdict: Verdict;
  /** The same recipe on other GPUs. */
  readonly fits: Readonly<Record<GpuType, Verdict>>;
  readonly kv: {
    readonly bytesPerToken: number;
    /** Tokens that one engine holds. */
    readonly tokensPerEngine: number;
    /** Samples of the greatest length that fit at once. */
    readonly longestSamples: number;
  };
  /** Main memory of one node. */
  readonly host: {
    readonly lines: readonly PlanLine[];
    readonly bytes: number;
    readonly low: number;
    readonly high: number;
    /** cluster.hostMemoryGib in bytes; null: unknown. */
    readonly available: number | null;
  };
  readonly disk: DiskPlan;
  readonly rollout: RolloutSimulation;
  readonly time: {
    readonly lines: readonly TimeLine[];
    readonly seconds: number;
    readonly low: number;
    readonly high: number;
    /** The whole run, likely value, seconds. */
    readonly runSeconds: number;
    readonly meanResponseLen: number;
  };
}

export interface PlanOptions {
  /** Tokens of a typical response. Default: half of rollout.maxResponseLen. */
  readonly meanResponseLen?: number;
  /** Share of prompts per solve rate; default: spread evenly. */
  readonly difficulty?: readonly DifficultyBin[];
}

/**
 * Memory, disk and time that a recipe needs on miles, as far as that can be computed without running it.
 * Every number comes with its formula and its uncertainty; a share of it is estimate, not measurement.
 */
export function planRecipe(recipe: Recipe, config: HfConfig, options: PlanOptions = {}): Plan {
  const { gpuType } = recipe.cluster;
  const gpu = GPUS[gpuType];
  const layout = layoutOf(recipe, config);
  const engine = engineMemory(config, recipe, gpu);
  const phases = phasePlans(config, recipe, layout, engine);
  const host = hostLines(config, recipe, layout);
  const disk = diskPlan(config, recipe);
  const rollout = simulateRollout(recipe, options.difficulty);
  const meanResponseLen = options.meanResponseLen ?? Math.ceil(recipe.rollout.maxResponseLen / 2);
  const time = timeLines(
    config,
    recipe,
    layout,
    engine,
    gpu,
    meanResponseLen,
    rollout.promptsPerRollout ?? recipe.rollout.overSamplingBatchSize,
    disk.bytesPerSave,
  );
  const seconds = sum(time.map((line) => line.seconds));
  const available = recipe.cluster.hostMemoryGib;
  return {
    gpuType,
    gpuBytes: gpu.memoryBytes,
    layout,
    phases,
    verdict: verdictOn(phases, gpu.memoryBytes, engine.kvTokens),
    fits: Object.fromEntries(
      GPU_TYPES.map((type) => {
        const other = engineMemory(config, recipe, GPUS[type]);
        const peaks = phasePlans(config, recipe, layout, other);
        return [type, verdictOn(peaks, GPUS[type].memoryBytes, other.kvTokens)];
      }),
    ) as Record<GpuType, Verdict>,
    kv: {
      bytesPerToken: engine.kvBytesPerToken,
      tokensPerEngine: Math.max(0, engine.kvTokens),
      longestSamples: Math.max(
        0,
        Math.floor(engine.kvTokens / (recipe.rollout.maxResponseLen + 512)),
      ),
    },
    host: {
      lines: host,
      ...sumLines(host),
      available: available === null ? null : available * 2 ** 30,
    },
    disk,
    rollout,
    time: {
      lines: time,
      seconds,
      low: sum(time.map((line) => line.low)),
      high: sum(time.map((line) => line.high)),
      runSeconds: seconds * recipe.rollout.numRollout,
      meanResponseLen,
    },
  };
}

function verdictOn(phases: readonly PhasePlan[], bytes: number, kvTokens: number): Verdict {
  const rolls = phases.some(({ phase }) => phase === "rollout");
  if ((rolls && kvTokens <= 0) || phases.some(({ low }) => low > bytes)) return "impossible";
  if (phases.some((phase) => phase.bytes > bytes)) return "unlikely";
  return phases.some(({ high }) => high > bytes) ? "tight" : "fits";
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
