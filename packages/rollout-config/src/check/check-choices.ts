import { checkRecipe, PROFILES, resolveRecipe } from "@moonlight-rl/recipe";
import type { ConfigInput } from "../input.ts";
import { readRecipeFiles } from "../layers/read-recipe-files.ts";
import { judge } from "./judge.ts";

/** What decides a recipe before its model is there. */
export type ConfigChoices = Pick<ConfigInput, "profile" | "root" | "files" | "set" | "backend">;

/**
 * Refuses a recipe that could not be configured with any model: fields that do not exist, values that they do not take, rules that are
 * broken whatever the model's shape is. For pipelines, which know only after hours of fetching and converting what the stage says.
 *
 * @throws UsageError, as the stage does
 */
export async function checkChoices(choices: ConfigChoices): Promise<void> {
  const files = await readRecipeFiles(choices.files);
  const { recipe } = resolveRecipe({ ...choices, files });
  const backend = choices.backend ?? PROFILES[recipe.profile].backend;
  // Warnings are told by the stage, which sees the model as well.
  judge(checkRecipe(recipe, undefined, backend), () => {});
}
