import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import { runFiles, type Workspace } from "@moonlight-rl/pipeline";
import { runArtifacts } from "./run-artifacts.ts";

/**
 * Copies the resolved recipe, and where each field came from, into the run's folder: a run's folder is handed on, and the
 * store may be tidied. Nothing to do for a run that did not get that far.
 */
export async function keepRecipe(workspace: Workspace, id: string): Promise<void> {
  const artifactOf = await runArtifacts(workspace, id);
  const recipe = await artifactOf("rollout-config", "recipe");
  if (recipe === undefined) return;
  const { folder } = runFiles(workspace, id);
  for (const [from, to] of [
    ["recipe.json", "recipe.json"],
    ["sources.json", "recipe-sources.json"],
  ] as const)
    await writeFileAtomic(join(folder, to), await readFile(join(recipe.path, from)));
}
