import { unkeyed } from "@moonlight-rl/pipeline";
import type { Backend } from "@moonlight-rl/recipe";
import { PROFILE_NAMES, type ProfileName } from "@moonlight-rl/recipe/profile-name";
import { EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { z } from "zod";
import { PARAM_TEXTS } from "./param-texts.ts";
import { STAGE_IDS } from "./stage-ids.ts";

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

/** Parameters of the pipeline. */
export const paramsSchema = z.strictObject({
  profile: z.enum(PROFILE_NAMES).default("tiny").describe(PARAM_TEXTS.profile),
  backend: z.enum(["embedded", "miles"]).optional().describe(PARAM_TEXTS.backend),
  files: z.array(z.string()).default([]).describe(PARAM_TEXTS.files),
  set: z.array(z.string()).default([]).describe(PARAM_TEXTS.set),
  seed: z.int().nonnegative().optional().describe(PARAM_TEXTS.seed),
  model: z.string().optional().describe(PARAM_TEXTS.model),
  revision: z.string().default("main").describe(PARAM_TEXTS.revision),
  promptData: z.string().optional().describe(PARAM_TEXTS.promptData),
  evalData: z.string().optional().describe(PARAM_TEXTS.evalData),
  root: z.string().optional().describe(PARAM_TEXTS.root),
  rayAddress: unkeyed(z.string().optional().describe(PARAM_TEXTS.rayAddress)),
  miles: unkeyed(z.string().optional().describe(PARAM_TEXTS.miles)),
  python: unkeyed(z.string().optional().describe(PARAM_TEXTS.python)),
  onInterrupt: unkeyed(
    z.enum(["ask", "stop", "detach"]).optional().describe(PARAM_TEXTS.onInterrupt),
  ),
  until: z.enum(STAGE_IDS).optional().describe(PARAM_TEXTS.until),
  endpoint: unkeyed(z.string().optional().describe(PARAM_TEXTS.endpoint)),
});
export type Params = z.output<typeof paramsSchema>;
