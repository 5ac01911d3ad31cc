import { join } from "node:path";
import { openTorchDist } from "@moonlight-rl/checkpoint";
import { readJson, UsageError, VerificationError } from "@moonlight-rl/core";
import { artifact, defineStage, unkeyed } from "@moonlight-rl/pipeline";
import { recipeSchema, rolloutArithmetic, type Recipe } from "@moonlight-rl/recipe";
import { z } from "zod";
import { BACKEND_NAMES, loadBackend } from "./backend/load-backend.ts";
import { milesInput, milesSettings } from "./backend/miles-input.ts";
import type { TrainBackend } from "./backend/train-backend.ts";
import { datasetFile } from "./data/dataset-file.ts";
import { doctor } from "./doctor/doctor-command.ts";
import { evalSetsOf } from "./data/eval-sets.ts";
import { debug } from "./debug/debug-command.ts";
import { dump } from "./dump/dump-command.ts";
import { settleFolder } from "./data/settle-folder.ts";

const input = z.strictObject({
  recipe: artifact("recipe").describe("What rollout-config made"),
  checkpoint: artifact("torch-dist").describe(
    "Checkpoint to start from; also the reference policy",
  ),
  model: artifact("hf-model").describe("Model folder with config.json and the tokenizer"),
  promptData: artifact("hf-dataset").describe("Dataset with the training prompts"),
  evalData: artifact("hf-dataset").describe("Dataset with the evaluation problems"),
  backend: z.enum(BACKEND_NAMES).default("embedded").describe("What carries the recipe out"),
  threads: unkeyed(
    z
      .int()
      .min(1)
      .optional()
      .describe("Threads of the embedded engine; results do not depend on it"),
  ),
  ...milesInput,
});

const output = z.object({
  checkpoint: artifact("torch-dist"),
  iteration: z.int(),
  rollouts: z.int(),
  optimizerSteps: z.int(),
});

/** Trains a policy by a recipe; goes on where an interrupted run of the same inputs stopped. */
export const train = defineStage({
  name: "train",
  title: "Train a torch_dist checkpoint by a recipe (GRPO)",
  from: import.meta.url,
  input,
  output,
  commands: [doctor, debug, dump],
  examples: [
    "--recipe ./recipe --checkpoint ./base-torch-dist --model ./tiny-moonlight --prompt-data ./tiny-dapo-math --eval-data ./tiny-aime",
    "--backend miles --ray-address http://head:8265 --miles /root/miles --recipe ./recipe --checkpoint ./base --model ./moonlight --prompt-data ./dapo --eval-data ./aime",
  ],

  async plan({ recipe: { path }, backend }) {
    const recipe = await readRecipe(path);
    const { samplesPerRollout, totalSteps } = rolloutArithmetic(recipe);
    return [
      {
        title: `${recipe.rollout.numRollout} rollouts of ${samplesPerRollout} samples, ${totalSteps} optimizer steps`,
        detail: `backend ${backend}`,
      },
    ];
  },

  async run(given, { scratch, emit, signal, publish }) {
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
        recipe.eval.interval === null
          ? []
          : await evalSetsOf(recipe, given.evalData, given.backend),
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
  },
});

function readRecipe(folder: string): Promise<Recipe> {
  return readJson(join(folder, "recipe.json"), recipeSchema, {
    what: "recipe.json",
    code: "RECIPE_INVALID",
  });
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
