import type { Recipe } from "@moonlight-rl/recipe";
import type { MilesTrainRequest } from "./train-request.ts";

/**
 * The recipe with the folders and files of this run: the recipe's own are for launch scripts, which have no artifacts. A
 * slice (`file@[0:64]`) stays.
 */
export function bindRecipe({
  recipe,
  checkpointDir,
  modelDir,
  promptFile,
  evalSets,
  saveDir,
  miles = {},
}: MilesTrainRequest): Recipe {
  const files = new Map(evalSets.map(({ name, file }) => [name, file]));
  return {
    ...recipe,
    model: { ...recipe.model, hfCheckpoint: modelDir },
    data: { ...recipe.data, promptData: promptFile + sliceOf(recipe.data.promptData) },
    checkpoint: {
      ...recipe.checkpoint,
      refLoad: checkpointDir,
      refCkptStep: null,
      load: saveDir,
      ckptStep: null,
      save: saveDir,
      startRolloutId: null,
    },
    eval: {
      ...recipe.eval,
      datasets: recipe.eval.datasets.map((set) => ({
        ...set,
        path: (files.get(set.name) ?? set.path) + sliceOf(set.path),
      })),
    },
    launch: {
      ...recipe.launch,
      milesPath: miles.milesPath ?? recipe.launch.milesPath,
      python: miles.python ?? recipe.launch.python,
    },
  };
}

function sliceOf(path: string): string {
  return /@\[[^\]]*\]$/.exec(path)?.[0] ?? "";
}
