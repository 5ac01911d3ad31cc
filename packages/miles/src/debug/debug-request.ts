import type { Emit } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { DumpSummary } from "../dump/dump-summary.ts";
import type { MilesSettings } from "../train/settings.ts";

/**
 * What a run is cut down to. rollout: engines generate and grade, nothing trains. train: steps on rollouts that were kept,
 * without engines. step: one rollout and its steps, then the end. eval: the evaluation before the first rollout, alone.
 */
export const DEBUG_MODES = ["rollout", "train", "step", "eval"] as const;
export type DebugMode = (typeof DEBUG_MODES)[number];

export interface DebugRequest {
  readonly mode: DebugMode;
  readonly recipe: Recipe;
  /** Hugging Face folder; the nodes see it by this path, as all others. */
  readonly modelDir: string;
  /** torch_dist folder that training starts from; without trainer (rollout, eval) it is not needed. */
  readonly checkpointDir?: string;
  readonly promptFile: string;
  /** Of mode eval. */
  readonly evalSets: readonly { readonly name: string; readonly file: string }[];
  /** Of mode rollout: how many. */
  readonly rollouts: number;
  /** Of mode train: where rollouts were kept, as `findDumps` takes it. */
  readonly rolloutsFrom?: string;
  /** What the run leaves: log, curves, rollouts. */
  readonly outDir: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly miles?: MilesSettings;
}

export interface DebugRollout {
  readonly file: string;
  readonly rollout: number;
  readonly evaluation: boolean;
  readonly summary: DumpSummary;
}

export interface DebugResult {
  readonly mode: DebugMode;
  readonly submission: string;
  /** The job's log. */
  readonly log: string;
  /** Rollouts that were generated, or trained on. */
  readonly rollouts: readonly DebugRollout[];
  /** Optimizer steps that were reported. */
  readonly optimizerSteps: number;
  /** Last value of each figure that the job reported. */
  readonly metrics: Readonly<Record<string, number | string>>;
}
