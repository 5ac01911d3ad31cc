import { solvablePrompts } from "@acme/solvable-prompts";
import { toHf, toTorchDist } from "@moonlight-rl/convert";
import { evaluate } from "@moonlight-rl/eval";
import { fetchAssets } from "@moonlight-rl/fetch";
import { definePipeline, unkeyed } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { train } from "@moonlight-rl/train";
import { z } from "zod";

const PROMPTS = "tiny-dapo-math.jsonl";
/** Found where the command runs, like any package: node_modules/@acme/shaped-reward. */
const REWARD = "@acme/shaped-reward#grade";

/** Our own stage between Moonlight's, and our own reward in training; the evaluation is graded as everybody's. */
export const ours = definePipeline({
  name: "ours",
  from: import.meta.url,
  params: z.strictObject({
    looked: z.int().min(1).default(400).describe("prompts that the base policy is tried on"),
    tries: z.int().min(2).default(4).describe("samples of each prompt and each problem"),
    problemFile: z
      .string()
      .default("tiny-aime.jsonl")
      .describe("file of the evaluation's problems"),
    set: z.array(z.string()).default([]).describe("fields of the recipe as path=value"),
    endpoint: unkeyed(z.string().optional().describe("where the Hub is")),
  }),

  async run(stage, { looked, tries, problemFile, set, endpoint }) {
    const settings = { nSamplesPerPrompt: tries, maxResponseLen: 12 };
    const { model, promptData, evalData } = await stage(fetchAssets, {
      model: MODEL,
      promptData: PROMPT_DATA,
      evalData: EVAL_DATA,
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    const { checkpoint } = await stage(toTorchDist, { model });
    const tried = await stage(
      evaluate,
      {
        ...settings,
        model,
        data: promptData,
        dataFile: `${PROMPTS}@[0:${looked}]`,
      },
      { id: "try-prompts" },
    );
    const chosen = await stage(solvablePrompts, {
      data: promptData,
      dataFile: PROMPTS,
      result: tried.result,
    });
    const { recipe } = await stage(rolloutConfig, {
      profile: "tiny",
      model,
      set: [`reward.customRmPath=${REWARD}`, ...set],
    });
    const problems = { ...settings, data: evalData, dataFile: problemFile };
    const before = await stage(evaluate, { model, ...problems }, { id: "eval-base" });
    const trained = await stage(train, {
      recipe,
      checkpoint,
      model,
      promptData: chosen.data,
      evalData,
    });
    const policy = (await stage(toHf, { checkpoint: trained.checkpoint, model }, { id: "export" }))
      .model;
    const after = await stage(
      evaluate,
      { model: policy, ...problems, baseline: before.result },
      { id: "eval-trained" },
    );
    return {
      kept: chosen.kept,
      trained: trained.checkpoint,
      before: before.result,
      after: after.result,
    };
  },
});
