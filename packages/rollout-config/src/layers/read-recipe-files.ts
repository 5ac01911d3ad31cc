import { readFile, stat } from "node:fs/promises";
import { PreflightError, UsageError } from "@moonlight-rl/core";
import type { RecipeFile } from "@moonlight-rl/recipe";

/** Bytes; far above any recipe, so that a wrong path (a checkpoint, a dataset) is never read. */
const MAX_BYTES = 1_000_000;

/**
 * Replaces paths by the files' content, which then is part of the stage's input and so of its cache key.
 *
 * @throws PreflightError FILE_UNREADABLE, UsageError RECIPE_FILE_SYNTAX (too big)
 */
export async function readRecipeFiles(
  files: readonly (string | RecipeFile)[],
): Promise<RecipeFile[]> {
  return Promise.all(
    files.map(async (file) => (typeof file === "string" ? readRecipeFile(file) : file)),
  );
}

async function readRecipeFile(path: string): Promise<RecipeFile> {
  try {
    const { size } = await stat(path);
    if (size <= MAX_BYTES) return { path, text: await readFile(path, "utf8") };
  } catch (cause) {
    throw new PreflightError(
      "FILE_UNREADABLE",
      `recipe: cannot read ${path}: ${(cause as Error).message}`,
      { file: path, cause, hint: "--files takes YAML or JSON files with fields of the recipe." },
    );
  }
  throw new UsageError("RECIPE_FILE_SYNTAX", `${path}: too big to be a recipe`, {
    file: path,
    hint: "A recipe is a small YAML or JSON file.",
  });
}
