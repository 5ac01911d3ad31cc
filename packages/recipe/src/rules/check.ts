import type { HfConfig } from "@moonlight-rl/model";
import { rolloutArithmetic } from "../arithmetic.ts";
import { PROFILES, type Backend } from "../profile.ts";
import type { Recipe } from "../schema.ts";
import { ALGORITHM_RULES } from "./algorithm-rules.ts";
import { CHECKPOINT_RULES } from "./checkpoint-rules.ts";
import { DEBUG_RULES } from "./debug-rules.ts";
import { ENGINE_RULES } from "./engine-rules.ts";
import { EVALUATION_RULES } from "./evaluation-rules.ts";
import { LAUNCH_RULES } from "./launch-rules.ts";
import { OPTIMIZER_RULES } from "./optimizer-rules.ts";
import { PARALLELISM_RULES } from "./parallelism-rules.ts";
import { PATH_RULES } from "./path-rules.ts";
import { PERFORMANCE_RULES } from "./performance-rules.ts";
import { PRECISION_RULES } from "./precision-rules.ts";
import { RANGE_RULES } from "./range-rules.ts";
import { RECOMPUTE_RULES } from "./recompute-rules.ts";
import { ROLLOUT_RULES } from "./rollout-rules.ts";
import type { Finding, Rule } from "./rule.ts";
import { TRACKING_RULES } from "./tracking-rules.ts";

/** Every rule there is, in the order in which findings are reported. */
export const RULES: readonly Rule[] = [
  ...RANGE_RULES,
  ...ROLLOUT_RULES,
  ...ALGORITHM_RULES,
  ...OPTIMIZER_RULES,
  ...PARALLELISM_RULES,
  ...RECOMPUTE_RULES,
  ...PERFORMANCE_RULES,
  ...ENGINE_RULES,
  ...CHECKPOINT_RULES,
  ...EVALUATION_RULES,
  ...PRECISION_RULES,
  ...TRACKING_RULES,
  ...DEBUG_RULES,
  ...PATH_RULES,
  ...LAUNCH_RULES,
];

/**
 * Judges a recipe by every rule; findings are data, nothing is thrown.
 *
 * @param hfConfig the model's config.json; rules about its shape are silent without it
 * @param backend who will carry the recipe out; default: the one its profile is made for
 */
export function checkRecipe(
  recipe: Recipe,
  hfConfig?: HfConfig,
  backend: Backend = PROFILES[recipe.profile].backend,
): Finding[] {
  const context = { recipe, hfConfig, backend, arithmetic: rolloutArithmetic(recipe) };
  return RULES.filter((rule) => rule.backend === undefined || rule.backend === backend).flatMap(
    (rule) =>
      rule.check(context).map((fault) => ({
        rule: rule.id,
        severity: rule.severity,
        field: fault.field,
        reason: fault.reason,
        fix: fault.fix,
        reference: rule.reference,
        beyondReference: rule.beyondReference,
      })),
  );
}
