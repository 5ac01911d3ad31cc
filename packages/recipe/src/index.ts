export {
  PROFILE_NAMES,
  parseRecipe,
  recipeSchema,
  type ProfileName,
  type Recipe,
} from "./schema.ts";
export { PROFILES, getProfile, type Backend, type Profile } from "./profile.ts";
export { rolloutArithmetic, type RolloutArithmetic } from "./arithmetic.ts";
