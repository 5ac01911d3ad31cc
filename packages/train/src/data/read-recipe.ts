import { join } from "node:path";
import { readJson } from "@moonlight-rl/core";
import { recipeSchema, type Recipe } from "@moonlight-rl/recipe";

/** The recipe of what rollout-config made. @throws UsageError RECIPE_INVALID */
export function readRecipe(folder: string): Promise<Recipe> {
  return readJson(join(folder, "recipe.json"), recipeSchema, {
    what: "recipe.json",
    code: "RECIPE_INVALID",
  });
}
