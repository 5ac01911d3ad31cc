export { PROFILE_NAMES, type ProfileName } from "./profile-name.ts";
export { parseRecipe, recipeSchema, type Recipe } from "./schema.ts";
export { PROFILES, getProfile, type Backend, type Profile } from "./profile.ts";
export { rolloutArithmetic, type RolloutArithmetic } from "./arithmetic.ts";
export type { EvaluationDataset } from "./evaluation.ts";
export type { FieldFacts } from "./field-facts.ts";
export { RECIPE_FIELDS, type RecipeField } from "./field.ts";
export { yamlReader } from "./yaml-reader.ts";
export { parseRecipeFile, type RecipeFile } from "./recipe-file.ts";
export { parseOverride, type Override } from "./override.ts";
export { resolveRecipe, type ResolveOptions, type ResolvedRecipe } from "./resolve.ts";
export { diffRecipes, type RecipeDifference } from "./diff.ts";
export { RULES, checkRecipe } from "./rules/check.ts";
export type { Finding, Rule, Severity } from "./rules/rule.ts";
export { planRecipe, type Plan, type PlanOptions, type Verdict } from "./planner/plan.ts";
export { planFindings, PLAN_RULES } from "./planner/plan-rules.ts";
export { formatPlan } from "./planner/format-plan.ts";
export type { PlanLine } from "./planner/line.ts";
export { GPU_TYPES, type GpuType } from "./planner/hardware.ts";
export {
  simulateRollout,
  type DifficultyBin,
  type RolloutSimulation,
} from "./simulator/simulate-rollout.ts";
export { formatSimulation } from "./simulator/format-simulation.ts";
