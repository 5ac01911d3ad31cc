import type { Artifact } from "@moonlight-rl/pipeline";
import type { Recipe } from "@moonlight-rl/recipe";
import type { BackendName } from "../backend/load-backend.ts";
import { datasetFile } from "./dataset-file.ts";

/** The files of the recipe's evaluation sets, by their names. */
export function evalSetsOf(
  recipe: Recipe,
  data: Artifact<"hf-dataset">,
  backend: BackendName,
): Promise<{ name: string; file: string }[]> {
  return Promise.all(
    recipe.eval.datasets.map(async ({ name, path }) => ({
      name,
      file: await datasetFile(data.path, path, "eval.datasets", backend),
    })),
  );
}
