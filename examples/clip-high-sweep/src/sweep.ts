import { toHf, toTorchDist } from "@moonlight-rl/convert";
import { evaluate } from "@moonlight-rl/eval";
import { fetchAssets } from "@moonlight-rl/fetch";
import { definePipeline, unkeyed } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { train } from "@moonlight-rl/train";
import { z } from "zod";

/**
 * Trains once for each value of clip-high, the upper bound of the policy's ratio, and evaluates each policy against the base. Fetch,
 * convert and the evaluation of the base are shared by all points; and since results are kept by content, a value that is added
 * later costs its own training and nothing else.
 */
export const sweep = definePipeline({
  name: "clip-high-sweep",
  from: import.meta.url,
  params: z.strictObject({
    clipHigh: z.array(z.number().positive()).min(1).default([0.2, 0.28, 0.4]),
    set: z.array(z.string()).default([]).describe("fields of every point's recipe, as path=value"),
    model: z.string().default(MODEL),
    promptData: z.string().default(PROMPT_DATA),
    evalData: z.string().default(EVAL_DATA),
    endpoint: unkeyed(z.string().optional().describe("where the Hub is")),
  }),

  async run(stage, { clipHigh, set, endpoint, ...repositories }) {
    const { model, promptData, evalData } = await stage(fetchAssets, {
      ...repositories,
      ...(endpoint === undefined ? {} : { endpoint }),
    });
    const { checkpoint } = await stage(toTorchDist, { model });
    const points = [];
    for (const value of clipHigh) {
      const { recipe } = await stage(
        rolloutConfig,
        { profile: "tiny", model, set: [...set, `algorithm.epsClipHigh=${value}`] },
        { id: `recipe-${value}` },
      );
      // The recipe's settings of evaluation are the same for all points, so this is one evaluation, whichever asks for it first.
      const base = await stage(evaluate, { model, data: evalData, recipe }, { id: "eval-base" });
      const trained = await stage(
        train,
        { recipe, checkpoint, model, promptData, evalData },
        { id: `train-${value}` },
      );
      const policy = await stage(
        toHf,
        { checkpoint: trained.checkpoint, model },
        { id: `export-${value}` },
      );
      const { result } = await stage(
        evaluate,
        { model: policy.model, data: evalData, recipe, baseline: base.result },
        { id: `eval-${value}` },
      );
      points.push({ clipHigh: value, checkpoint: trained.checkpoint, result });
    }
    return { points };
  },
});
