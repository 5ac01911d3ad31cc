import { loadMiles } from "../backend/load-backend.ts";
import { join } from "node:path";
import { PreflightError, readJson } from "@moonlight-rl/core";
import { MOONLIGHT_16B_A3B, type HfConfig } from "@moonlight-rl/model";
import type { Artifact, PlanContext } from "@moonlight-rl/pipeline";
import { PROFILES, recipeSchema, resolveRecipe, type Recipe } from "@moonlight-rl/recipe";
import type { ProfileName } from "@moonlight-rl/recipe/profile-name";
import { checkEmbedded } from "./check-embedded.ts";
import type { DoctorInput, DoctorOutput } from "./doctor-schema.ts";

/** Looks at this machine, or at a Ray cluster, with a recipe's eyes. */
export async function examine(
  input: DoctorInput,
  { workspace, signal }: PlanContext,
): Promise<DoctorOutput> {
  const recipe = await recipeOf(input);
  const { backend } = PROFILES[recipe.profile];
  const checks =
    backend === "embedded"
      ? await checkEmbedded(workspace)
      : await checkMiles(recipe, await configOf(recipe, input.model), input.rayAddress, signal);
  const count = (wanted: string): number => checks.filter(({ status }) => status === wanted).length;
  return { backend, checks, errors: count("error"), warnings: count("warning") };
}

async function recipeOf(input: {
  readonly recipe?: Artifact<"recipe"> | undefined;
  readonly profile: ProfileName;
  readonly root?: string | undefined;
  readonly set: readonly string[];
}): Promise<Recipe> {
  if (input.recipe === undefined)
    return resolveRecipe({
      profile: input.profile,
      set: [...input.set],
      files: [],
      ...(input.root === undefined ? {} : { root: input.root }),
    }).recipe;
  return await readJson(join(input.recipe.path, "recipe.json"), recipeSchema, {
    what: "recipe.json",
    code: "RECIPE_INVALID",
  });
}

async function configOf(
  recipe: Recipe,
  model: Artifact<"hf-model"> | undefined,
): Promise<HfConfig> {
  if (model === undefined && recipe.profile === "moonlight-16b-a3b") return MOONLIGHT_16B_A3B;
  if (model === undefined)
    throw new PreflightError(
      "MODEL_CONFIG_MISSING",
      `Profile ${recipe.profile} has no known model.`,
      {
        field: "model",
        hint: "Pass --model with the folder that holds its config.json.",
      },
    );
  const { readModelConfig } = await loadMiles();
  return (await readModelConfig(model.path)).hfConfig;
}

async function checkMiles(
  recipe: Recipe,
  config: HfConfig,
  rayAddress: string | undefined,
  signal: AbortSignal,
) {
  const { checkCluster } = await loadMiles();
  return await checkCluster(recipe, config, {
    signal,
    ...(rayAddress === undefined ? {} : { rayAddress }),
  });
}
