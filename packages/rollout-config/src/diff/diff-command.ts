import { formatTable, PreflightError } from "@moonlight-rl/core";
import { defineSubcommand } from "@moonlight-rl/pipeline";
import type { Recipe } from "@moonlight-rl/recipe";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { readRecipeFiles } from "../layers/read-recipe-files.ts";

const differenceSchema = z.object({ field: z.string(), before: z.json(), after: z.json() });

/** `rollout-config diff BEFORE AFTER`: the fields in which two recipes differ. */
export const diffCommand = defineSubcommand({
  name: "diff",
  title: "Say in which fields two recipes differ.",
  examples: ["moonlight-16b-a3b mine.yaml", "runs/a/recipe runs/b/recipe --json"],
  input: z.strictObject({
    before: z.string().min(1).describe("a profile's name, a recipe file, or a published recipe"),
    after: z.string().min(1).describe("the same; a file without `profile` lies on the first"),
  }),
  positionals: ["before", "after"],
  output: z.object({ differences: z.array(differenceSchema) }),
  async run({ before, after }) {
    const { diffRecipes } = await import("@moonlight-rl/recipe");
    const first = await recipeOf(before, undefined);
    const second = await recipeOf(after, first);
    return {
      differences: diffRecipes(first, second).map(({ path, before: was, after: is }) =>
        differenceSchema.parse({ field: path, before: was, after: is }),
      ),
    };
  },
  present: ({ differences }) =>
    differences.length === 0
      ? "The recipes are equal."
      : formatTable(
          [{ title: "field" }, { title: "before" }, { title: "after" }],
          differences.map(({ field, before, after }) => [
            field,
            JSON.stringify(before),
            JSON.stringify(after),
          ]),
        ),
});

/** A profile by its name, else the file, or the recipe.json of a folder. */
async function recipeOf(source: string, below: Recipe | undefined): Promise<Recipe> {
  const { parseRecipeFile, resolveRecipe } = await import("@moonlight-rl/recipe");
  if (PROFILE_NAMES.some((name) => name === source))
    return resolveRecipe({ profile: source }).recipe;
  const [file] = await readRecipeFiles([
    (await isFolder(source)) ? join(source, "recipe.json") : source,
  ]);
  if (file === undefined) {
    throw new PreflightError("FILE_UNREADABLE", `recipe: cannot read ${source}`, { file: source });
  }
  if (below === undefined || parseRecipeFile(file)["profile"] !== undefined) {
    return resolveRecipe({ files: [file] }).recipe;
  }
  const under = { path: "the first recipe", text: JSON.stringify(below) };
  return resolveRecipe({ files: [under, file] }).recipe;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
