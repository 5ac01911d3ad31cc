import { join } from "node:path";
import { openTorchDist } from "@moonlight-rl/checkpoint";
import { UsageError, VerificationError } from "@moonlight-rl/core";
import type { PlanAction, StageContext } from "@moonlight-rl/pipeline";
import { rolloutArithmetic, type Recipe } from "@moonlight-rl/recipe";
import { loadBackend } from "./backend/load-backend.ts";
import { milesSettings } from "./backend/miles-input.ts";
import type { TrainBackend } from "./backend/train-backend.ts";
import { datasetFile } from "./data/dataset-file.ts";
import { evalSetsOf } from "./data/eval-sets.ts";
import { readRecipe } from "./data/read-recipe.ts";
import { settleFolder } from "./data/settle-folder.ts";
import type { TrainInput, TrainOutput } from "./input.ts";

/** What `trainPolicy` would do. */
export async function planTraining({
  recipe: { path },
  backend,
}: TrainInput): Promise<PlanAction[]> {
  const recipe = await readRecipe(path);
  const { samplesPerRollout, totalSteps } = rolloutArithmetic(recipe);
  return [
    {
      title: `${recipe.rollout.numRollout} rollouts of ${samplesPerRollout} samples, ${totalSteps} optimizer steps`,
      detail: `backend ${backend}`,
    },
  ];
}

/** Trains, and publishes the checkpoint once it is shown to be one. */
export async function trainPolicy(
  given: TrainInput,
  { scratch, emit, signal, publish }: StageContext,
): Promise<TrainOutput> {
  const recipe = await readRecipe(given.recipe.path);
  const settings = milesSettings(given, given.backend);
  const backend = await loadBackend(given.backend);
  assertHonoured(backend, recipe);
  const saveDir = join(scratch, "save");
  const result = await backend.train({
    recipe,
    checkpointDir: given.checkpoint.path,
    modelDir: given.model.path,
    promptFile: await datasetFile(
      given.promptData.path,
      recipe.data.promptData,
      "data.promptData",
      given.backend,
    ),
    evalSets:
      recipe.eval.interval === null ? [] : await evalSetsOf(recipe, given.evalData, given.backend),
    saveDir,
    emit,
    signal,
    ...(given.threads === undefined ? {} : { threads: given.threads }),
    miles: settings,
  });
  await assertTrained(result.checkpointDir, result.iteration, result.optimizerSteps);
  const folder = join(scratch, "checkpoint");
  await settleFolder(result.checkpointDir, result.iteration, folder);
  const { iteration, rollouts, optimizerSteps } = result;
  const checkpoint = await publish("torch-dist", folder, { meta: { iteration } });
  return { checkpoint, iteration, rollouts, optimizerSteps };
}

/** All fields at once: mending them one run at a time would be tiresome. */
function assertHonoured(backend: TrainBackend, recipe: Recipe): void {
  const refusals = backend.refuse(recipe);
  const [first] = refusals;
  if (first === undefined) return;
  const list = refusals.map(({ field, reason }) => `${field}: ${reason}`).join("; ");
  throw new UsageError(
    "TRAIN_FIELD_REFUSED",
    `Backend ${backend.name} cannot honour the recipe: ${list}.`,
    { field: first.field, hint: "Change these fields, or choose a backend that has them." },
  );
}

/** Success is judged by evidence: optimizer steps were taken and the checkpoint opens at the right iteration. */
async function assertTrained(
  folder: string,
  iteration: number,
  optimizerSteps: number,
): Promise<void> {
  if (optimizerSteps === 0)
    throw new VerificationError(
      "TRAIN_NO_STEP",
      "The backend reports success and took no optimizer step.",
      { file: folder },
    );
  const checkpoint = await openTorchDist(folder);
  await checkpoint.close();
  if (checkpoint.iteration !== iteration) {
    throw new VerificationError(
      "TRAIN_ITERATION",
      `The checkpoint's tracker says ${checkpoint.iteration}, training ended at ${iteration}.`,
      { file: folder },
    );
  }
}
