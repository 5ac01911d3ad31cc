import { unkeyed } from "@moonlight-rl/pipeline";
import type { Backend } from "@moonlight-rl/recipe";
import { PROFILE_NAMES, type ProfileName } from "@moonlight-rl/recipe/profile-name";
import { EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";

/** What a profile brings beside its recipe: where its model and data come from and which backend runs it. */
export interface ProfileAssets {
  readonly model: string;
  readonly promptData: string;
  readonly evalData: string;
  readonly backend: Backend;
}

export const PROFILE_ASSETS: Readonly<Record<ProfileName, ProfileAssets>> = {
  tiny: { model: MODEL, promptData: PROMPT_DATA, evalData: EVAL_DATA, backend: "embedded" },
  "moonlight-16b-a3b": {
    model: "moonshotai/Moonlight-16B-A3B",
    promptData: "zhuzilin/dapo-math-17k",
    evalData: "zhuzilin/aime-2024",
    backend: "miles",
  },
};

/** Ids of the stage calls, in order. */
export const STAGE_IDS = [
  "fetch",
  "convert",
  "rollout-config",
  "eval-base",
  "train",
  "export",
  "eval-trained",
] as const;
export type StageId = (typeof STAGE_IDS)[number];

/** Parameters of the pipeline. */
export const paramsSchema = z.strictObject({
  profile: z.enum(PROFILE_NAMES).default("tiny").describe("named set of defaults"),
  backend: z
    .enum(["embedded", "miles"])
    .optional()
    .describe("what carries the recipe out (default: the profile's)"),
  files: z.array(z.string()).default([]).describe("recipe files, later ones win"),
  set: z.array(z.string()).default([]).describe("one field of the recipe as path=value"),
  seed: z.int().nonnegative().optional().describe("seed of data order and sampling"),
  model: z.string().optional().describe("model repository on the Hub"),
  revision: z.string().default("main").describe("branch, tag or commit of the model repository"),
  promptData: z.string().optional().describe("dataset repository with the training prompts"),
  evalData: z.string().optional().describe("dataset repository with the evaluation problems"),
  root: z
    .string()
    .optional()
    .describe("folder with models and data on the cluster (backend miles)"),
  rayAddress: unkeyed(
    z.string().optional().describe("job server of a running Ray cluster (backend miles)"),
  ),
  miles: unkeyed(z.string().optional().describe("folder of miles on the nodes (backend miles)")),
  python: unkeyed(
    z.string().optional().describe("interpreter with miles' packages (backend miles)"),
  ),
  onInterrupt: unkeyed(
    z
      .enum(["ask", "stop", "detach"])
      .optional()
      .describe("what Ctrl-C does to the job (backend miles)"),
  ),
  until: z.enum(STAGE_IDS).optional().describe("stop after this stage"),
  endpoint: unkeyed(z.string().optional().describe("where the Hub is")),
});
export type Params = z.output<typeof paramsSchema>;
