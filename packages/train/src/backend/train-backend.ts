import type { Emit } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";

/** A recipe field that a backend cannot honour. */
export interface Refusal {
  /** Dotted path of the field. */
  readonly field: string;
  readonly reason: string;
}

/** How a job of miles is run, beside what the recipe says of it; for the backend of that name. */
export interface MilesSettings {
  /** Job server of a running cluster; undefined: a Ray head of our own on this machine. */
  readonly rayAddress?: string;
  /** miles' folder on the nodes. */
  readonly milesPath?: string;
  /** Interpreter with miles' packages. */
  readonly python?: string;
  readonly onInterrupt?: "ask" | "stop" | "detach";
  /** Tries in a row without a new checkpoint, beside the first. */
  readonly retries?: number;
  readonly onHang?: "warn" | "restart";
  readonly hangMinutes?: number;
  /** Good checkpoints that stay. */
  readonly keepCheckpoints?: number;
  /** What is done about machines that lack something. */
  readonly preflight?: "require" | "warn" | "off";
  /** Seconds between two looks at the job. */
  readonly pollSeconds?: number;
}

/** All that a backend gets; it is pure data and folders, so that a backend can be another process or another machine. */
export interface TrainRequest {
  readonly recipe: Recipe;
  /** torch_dist folder that training starts from; also the reference policy. */
  readonly checkpointDir: string;
  /** Hugging Face folder with config.json and the tokenizer. */
  readonly modelDir: string;
  readonly promptFile: string;
  readonly evalSets: readonly { readonly name: string; readonly file: string }[];
  /** Survives kill -9; holds the checkpoints of an interrupted run when there was one. */
  readonly saveDir: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly threads?: number;
  readonly miles?: MilesSettings;
}

export interface TrainResult {
  /** torch_dist folder whose tracker names the last iteration. */
  readonly checkpointDir: string;
  /** 0-based id of the last rollout, as the reference numbers its checkpoints. */
  readonly iteration: number;
  readonly rollouts: number;
  readonly optimizerSteps: number;
  /** Rollout that an earlier, interrupted run had reached. */
  readonly resumedAfter: number | undefined;
}

/** What carries a recipe out. Structural: packages offer one by exporting `createTrainBackend`. */
export interface TrainBackend {
  readonly name: string;
  /** Fields that the backend would otherwise have to drop silently. */
  refuse(recipe: Recipe): readonly Refusal[];
  /** Trains to the end, resuming from `saveDir`; deterministic for a recipe and its inputs where the backend can be. */
  train(request: TrainRequest): Promise<TrainResult>;
}
