import { join } from "node:path";
import { readJson, UsageError } from "@moonlight-rl/core";
import { recipeSchema, type Recipe } from "@moonlight-rl/recipe";
import { z } from "zod";

/** The choices that a recipe can make for an evaluation; each may be given explicitly, which wins. */
export const settingsShape = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "letters, digits, dots, dashes and underscores only")
    .optional()
    .describe("Name in metrics: eval/<name>. Default: the recipe's, else the data file's."),
  dataFile: z
    .string()
    .min(1)
    .optional()
    .describe("File within the data folder. Default: the recipe's, else its only .jsonl file."),
  inputKey: z.string().min(1).optional().describe('Row key of the prompt. Default "prompt".'),
  labelKey: z.string().min(1).optional().describe('Row key of the answer. Default "label".'),
  applyChatTemplate: z
    .boolean()
    .optional()
    .describe("Whether prompts go through the chat template. Default true."),
  nSamplesPerPrompt: z
    .int()
    .min(1)
    .max(4096)
    .optional()
    .describe("Samples per problem. Default 8."),
  temperature: z.number().min(0).max(100).optional().describe("0 is greedy. Default 1."),
  topP: z.number().gt(0).max(1).optional().describe("Nucleus as a share. Default 1."),
  maxResponseLen: z
    .int()
    .min(1)
    .max(1 << 20)
    .optional()
    .describe("Most tokens of a response. Default 1024."),
  seed: z
    .int()
    .min(0)
    .optional()
    .describe("Seed of the samples. Default: the recipe's, else 1234."),
  rmType: z.string().min(1).optional().describe('Name of the grader. Default "math".'),
};

type Explicit = z.output<z.ZodObject<typeof settingsShape>>;

/** What an evaluation does, with nothing left open but names that the data folder decides. */
export interface Settings {
  readonly name: string | undefined;
  readonly dataFile: string | undefined;
  readonly inputKey: string;
  readonly labelKey: string;
  readonly applyChatTemplate: boolean;
  readonly nSamplesPerPrompt: number;
  readonly temperature: number;
  readonly topP: number;
  readonly maxResponseLen: number;
  readonly seed: number;
  readonly rmType: string;
}

const DEFAULTS: Settings = {
  inputKey: "prompt",
  labelKey: "label",
  applyChatTemplate: true,
  nSamplesPerPrompt: 8,
  temperature: 1,
  topP: 1,
  maxResponseLen: 1024,
  seed: 1234,
  rmType: "math",
  name: undefined,
  dataFile: undefined,
};

/** Explicit values over the recipe's over the defaults. */
export function resolveSettings(explicit: Explicit, recipe: Recipe | undefined): Settings {
  const chosen = recipe === undefined ? {} : settingsOfRecipe(recipe, explicit.name);
  const layers = [DEFAULTS, chosen, explicit];
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const key of Object.keys(settingsShape)) {
      const value = layer[key as keyof Explicit];
      if (value !== undefined) merged[key] = value;
    }
  }
  return merged as unknown as Settings;
}

/** A recipe may have several evaluation sets: the one of that name, or the first. */
function settingsOfRecipe(recipe: Recipe, name: string | undefined): Explicit {
  const { datasets, ...common } = recipe.eval;
  const set = name === undefined ? datasets[0] : datasets.find((set) => set.name === name);
  const topK = set?.topK ?? common.topK ?? -1;
  if (topK !== -1) {
    throw new UsageError(
      "EVAL_FIELD_REFUSED",
      `The recipe samples the ${topK} likeliest tokens, which this stage cannot`,
      {
        field: set?.topK === undefined ? "eval.topK" : "eval.datasets",
        hint: "Remove topK from the recipe, or use topP.",
      },
    );
  }
  return {
    ...(set === undefined ? {} : { name: set.name, dataFile: set.path }),
    inputKey: set?.inputKey ?? recipe.data.inputKey,
    labelKey: set?.labelKey ?? recipe.data.labelKey,
    applyChatTemplate: recipe.data.applyChatTemplate,
    nSamplesPerPrompt: set?.nSamplesPerPrompt ?? common.nSamplesPerPrompt,
    temperature: set?.temperature ?? common.temperature,
    topP: set?.topP ?? common.topP,
    maxResponseLen: set?.maxResponseLen ?? common.maxResponseLen,
    seed: recipe.seed,
    rmType: set?.rmType ?? recipe.reward.rmType,
  };
}

/** Reads the recipe of a recipe artifact. */
export async function readRecipe(folder: string): Promise<Recipe> {
  return readJson(join(folder, "recipe.json"), recipeSchema, {
    what: "recipe.json",
    code: "RECIPE_INVALID",
  });
}
