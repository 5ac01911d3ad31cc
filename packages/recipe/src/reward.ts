import { z } from "zod";

/** The rule that turns a response and a label into a number. */
export const rewardSchema = z.strictObject({
  rmType: z
    .enum([
      "math",
      "dapo",
      "deepscaler",
      "gemma_math",
      "f1",
      "gpqa",
      "ifbench",
      "random",
      "deterministic_random",
    ])
    .describe("Name of the grader; miles: --rm-type. embedded: a grader of @moonlight-rl/reward."),
});
