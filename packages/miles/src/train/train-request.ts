import type { Emit } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { MilesSettings } from "./settings.ts";

/** What `@moonlight-rl/train` hands to a backend; structural, so that neither package needs the other's types. */
export interface MilesTrainRequest {
  readonly recipe: Recipe;
  /** torch_dist folder that training starts from; also the reference policy. The nodes must see it by this path. */
  readonly checkpointDir: string;
  /** Hugging Face folder with config.json and the tokenizer; seen by the nodes, too. */
  readonly modelDir: string;
  readonly promptFile: string;
  readonly evalSets: readonly { readonly name: string; readonly file: string }[];
  /** Where miles saves, and where an interrupted run finds its own. */
  readonly saveDir: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly miles?: MilesSettings;
}

export interface MilesTrainResult {
  readonly checkpointDir: string;
  readonly iteration: number;
  readonly rollouts: number;
  readonly optimizerSteps: number;
  readonly resumedAfter: number | undefined;
}
