import { diffRecipes, PROFILES, type Recipe } from "@moonlight-rl/recipe";
import { GRADER_NAMES } from "@moonlight-rl/reward";

/** A recipe field that this backend cannot honour. */
export interface Refusal {
  readonly field: string;
  readonly reason: string;
}

/** Groups whose fields describe a cluster: here they must stay as the tiny profile has them. */
const CLUSTER_ONLY = /^(parallelism|performance|sglang|cluster)\./;
const OPTIMIZER_ONLY_ON_GPUS =
  /^optimizer\.(cpuOffload|overlapCpuOptimizerD2hH2d|usePrecisionAwareOptimizer)$/;

/** Every field of the recipe that would be dropped silently if nobody said so. */
export function refuseFields(recipe: Recipe): Refusal[] {
  const refusals: Refusal[] = diffRecipes(PROFILES.tiny.recipe(""), recipe)
    .filter(({ path }) => CLUSTER_ONLY.test(path) || OPTIMIZER_ONLY_ON_GPUS.test(path))
    .map(({ path }) => ({ field: path, reason: "only the miles backend has this" }));
  const refuse = (wrong: boolean, field: string, reason: string): void => {
    if (wrong) refusals.push({ field, reason });
  };
  const { algorithm, checkpoint, reward, rollout } = recipe;
  refuse(
    algorithm.klCoef !== 0,
    "algorithm.klCoef",
    "a KL penalty inside the reward is not computed; use algorithm.klLossCoef",
  );
  refuse(rollout.balanceData, "rollout.balanceData", "there is one rank, so nothing to balance");
  refuse(
    !GRADER_NAMES.includes(reward.rmType),
    "reward.rmType",
    `the graders here are ${GRADER_NAMES.join(", ")}`,
  );
  for (const field of ["refLoad", "load", "save"] as const) {
    refuse(
      checkpoint[field] !== null,
      `checkpoint.${field}`,
      "the train stage reads its checkpoint artifact and saves in its own folder",
    );
  }
  return refusals;
}
