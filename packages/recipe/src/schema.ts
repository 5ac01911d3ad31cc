import { validate } from "@moonlight-rl/core";
import { z } from "zod";
import { algorithmSchema } from "./algorithm.ts";
import { checkpointSchema } from "./checkpoint.ts";
import { clusterSchema } from "./cluster.ts";
import { dataSchema } from "./data.ts";
import { debugSchema } from "./debug.ts";
import { evaluationSchema } from "./evaluation.ts";
import { faultToleranceSchema } from "./fault-tolerance.ts";
import { field } from "./field-facts.ts";
import { launchSchema } from "./launch.ts";
import { modelSchema } from "./model.ts";
import { optimizerSchema } from "./optimizer.ts";
import { parallelismSchema } from "./parallelism.ts";
import { performanceSchema } from "./performance.ts";
import { precisionSchema } from "./precision.ts";
import { PROFILE_NAMES } from "./profile-name.ts";
import { rewardSchema } from "./reward.ts";
import { rolloutSchema } from "./rollout.ts";
import { runtimeSchema } from "./runtime.ts";
import { sglangSchema } from "./sglang.ts";
import { trackingSchema } from "./tracking.ts";

/**
 * A whole recipe: the validated, backend-neutral configuration of one training run.
 *
 * The schema holds types only; what combinations and ranges make sense is the business of the rules
 * (`checkRecipe`), which can say why and what to do instead.
 */
export const recipeSchema = z.strictObject({
  profile: field(z.enum(PROFILE_NAMES), "The profile whose defaults lie under this recipe."),
  seed: field(z.int(), "Seed of everything random in training.", {
    flag: "--seed",
    usual: 1234,
    source: "A:1336",
  }),
  model: modelSchema,
  data: dataSchema,
  checkpoint: checkpointSchema,
  rollout: rolloutSchema,
  reward: rewardSchema,
  algorithm: algorithmSchema,
  optimizer: optimizerSchema,
  parallelism: parallelismSchema,
  performance: performanceSchema,
  precision: precisionSchema,
  sglang: sglangSchema,
  cluster: clusterSchema,
  eval: evaluationSchema,
  faultTolerance: faultToleranceSchema,
  tracking: trackingSchema,
  debug: debugSchema,
  runtime: runtimeSchema,
  launch: launchSchema,
});

export type Recipe = z.output<typeof recipeSchema>;

/** Validates a whole recipe (such as an artifact's recipe.json); errors name the dotted field. */
export function parseRecipe(json: unknown, file?: string): Recipe {
  return validate(recipeSchema, json, {
    what: "recipe",
    code: "RECIPE_INVALID",
    ...(file === undefined ? {} : { file }),
  });
}
