import { loadMiles } from "../backend/load-backend.ts";
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { PlanContext } from "@moonlight-rl/pipeline";
import { milesSettings } from "../backend/miles-input.ts";
import { datasetFile } from "../data/dataset-file.ts";
import { evalSetsOf } from "../data/eval-sets.ts";
import { readRecipe } from "../data/read-recipe.ts";
import type { DebugInput, DebugOutput } from "./debug-command.ts";

/** Runs one part of training on miles, and tells what it left. */
export async function runDebug(
  given: DebugInput,
  { emit, signal, clock }: PlanContext,
): Promise<DebugOutput> {
  const { debugMiles } = await loadMiles();
  const recipe = await readRecipe(given.recipe.path);
  const begun = clock.now().getTime();
  const { mode, model, promptData, evalData, checkpoint, rolloutsFrom, rollouts } = given;
  const out = resolve(given.out);
  const evaluates = mode === "eval" && evalData !== undefined;
  const result = await debugMiles({
    mode,
    recipe,
    modelDir: model.path,
    ...(checkpoint === undefined ? {} : { checkpointDir: checkpoint.path }),
    promptFile: await datasetFile(
      promptData.path,
      recipe.data.promptData,
      "data.promptData",
      "miles",
    ),
    evalSets: evaluates ? await evalSetsOf(recipe, evalData, "miles") : [],
    rollouts,
    ...(rolloutsFrom === undefined ? {} : { rolloutsFrom: resolve(rolloutsFrom) }),
    outDir: out,
    emit,
    signal,
    miles: milesSettings(given, "miles"),
  });
  return {
    ...result,
    out,
    seconds: (clock.now().getTime() - begun) / 1000,
    rollouts: await Promise.all(
      result.rollouts.map(async ({ summary, ...rest }) => ({
        ...rest,
        bytes: (await stat(rest.file)).size,
        summary: { ...summary, faults: [...summary.faults] },
      })),
    ),
    metrics: { ...result.metrics },
  };
}
