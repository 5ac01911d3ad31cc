import { basename, isAbsolute, join } from "node:path";
import { readJson, UsageError } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import { z } from "zod";

/** Name of a set: part of metrics and of paths. */
export const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "letters, digits, dots, dashes and underscores only");

/** The choices that a recipe can make for an evaluation; each may be given explicitly, which wins. */
export const settingsShape = {
  name: nameSchema
    .optional()
    .describe("Name in metrics: eval/<name>. Default: the recipe's, else the data file's."),
  dataFile: z
    .string()
    .min(1)
    .optional()
    .describe(
      "File within the data folder, .jsonl or .parquet; FILE@[a:b] takes rows a to b - 1. Default: the recipe's, else the only file.",
    ),
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
  topK: z
    .int()
    .min(-1)
    .optional()
    .describe("Sample from the likeliest tokens only; -1: all. Default -1."),
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
  rmUrl: z.string().min(1).optional().describe("Address of the reward model, for remote_rm."),
  rewardKey: z
    .string()
    .min(1)
    .optional()
    .describe("Key of the reward in a reward model's answer that is an object."),
  customRmPath: z
    .string()
    .min(1)
    .optional()
    .describe("MODULE#EXPORT: a grader of your own instead of rmType."),
  metadataKey: z
    .string()
    .min(1)
    .optional()
    .describe("Row key of what the grader may want to know beside the label. Default: metadata."),
  gradingTimeout: z
    .number()
    .positive()
    .max(3600)
    .optional()
    .describe("Seconds for grading one response; then it counts as wrong. Default 10."),
};

export type Explicit = z.output<z.ZodObject<typeof settingsShape>>;

/** What the evaluation of one set does, with nothing left open but names that the data folder decides. */
export interface Settings {
  readonly name: string | undefined;
  readonly dataFile: string | undefined;
  readonly inputKey: string;
  readonly labelKey: string;
  readonly applyChatTemplate: boolean;
  readonly nSamplesPerPrompt: number;
  readonly temperature: number;
  readonly topP: number;
  readonly topK: number;
  readonly maxResponseLen: number;
  readonly seed: number;
  readonly rmType: string;
  readonly rmUrl?: string;
  readonly rewardKey?: string;
  readonly customRmPath?: string;
  readonly metadataKey?: string;
  readonly gradingTimeout?: number;
}

const DEFAULTS: Settings = {
  inputKey: "prompt",
  labelKey: "label",
  applyChatTemplate: true,
  nSamplesPerPrompt: 8,
  temperature: 1,
  topP: 1,
  topK: -1,
  maxResponseLen: 1024,
  seed: 1234,
  rmType: "math",
  name: undefined,
  dataFile: undefined,
};

/**
 * The sets to evaluate. `sets` are those that were given one by one; without them it is the one that `common` names, else all
 * of the recipe's, else one. A set's own values win over `common`, that over the recipe's, those over the defaults.
 */
export function resolveSettings(
  common: Explicit,
  recipe: Recipe | undefined,
  sets: readonly Explicit[] = [],
): Settings[] {
  const { name, dataFile, ...shared } = common;
  const given: readonly Explicit[] =
    sets.length > 0
      ? sets
      : name !== undefined || dataFile !== undefined || recipe === undefined
        ? [{ name, dataFile }]
        : recipe.eval.datasets.length === 0
          ? [{}]
          : recipe.eval.datasets.map((set) => ({ name: set.name }));
  return given.map((set) => {
    const chosen = recipe === undefined ? {} : settingsOfRecipe(recipe, set.name);
    return merge([DEFAULTS, chosen, shared, set]);
  });
}

function merge(layers: readonly Partial<Explicit>[]): Settings {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const key of Object.keys(settingsShape)) {
      const value = layer[key as keyof Explicit];
      if (value !== undefined) merged[key] = value;
    }
  }
  return merged as unknown as Settings;
}

/** What the recipe says of its set of that name, or of its first. */
function settingsOfRecipe(recipe: Recipe, name: string | undefined): Explicit {
  const { datasets, ...common } = recipe.eval;
  if ((common.maxPromptLen ?? null) !== null) {
    throw new UsageError(
      "EVAL_FIELD_REFUSED",
      "The recipe leaves out long problems, which this stage does not.",
      {
        field: "eval.maxPromptLen",
        hint: "Remove it from the recipe, and long problems from the data.",
      },
    );
  }
  const set = name === undefined ? datasets[0] : datasets.find((set) => set.name === name);
  return {
    // On a cluster the path is whole; here it is a file of the dataset's folder.
    ...(set === undefined
      ? {}
      : { name: set.name, dataFile: isAbsolute(set.path) ? basename(set.path) : set.path }),
    inputKey: set?.inputKey ?? recipe.data.inputKey,
    labelKey: set?.labelKey ?? recipe.data.labelKey,
    applyChatTemplate: recipe.data.applyChatTemplate,
    nSamplesPerPrompt: set?.nSamplesPerPrompt ?? common.nSamplesPerPrompt,
    temperature: set?.temperature ?? common.temperature,
    topP: set?.topP ?? common.topP,
    topK: set?.topK ?? common.topK ?? recipe.rollout.topK,
    maxResponseLen: set?.maxResponseLen ?? common.maxResponseLen,
    seed: recipe.seed,
    rmType: set?.rmType ?? recipe.reward.rmType,
    ...given("rmUrl", recipe.reward.rmUrl),
    ...given("rewardKey", recipe.reward.evalRewardKey ?? recipe.reward.rewardKey),
    ...given("customRmPath", recipe.reward.customRmPath),
    ...given(
      "metadataKey",
      recipe.data.metadataKey === "metadata" ? null : recipe.data.metadataKey,
    ),
  };
}

function given<K extends string>(key: K, value: string | null): Partial<Record<K, string>> {
  return value === null ? {} : ({ [key]: value } as Record<K, string>);
}

/** Reads the recipe of a recipe artifact. */
export async function readRecipe(folder: string): Promise<Recipe> {
  const { recipeSchema } = await import("@moonlight-rl/recipe/schema");
  return readJson(join(folder, "recipe.json"), recipeSchema, {
    what: "recipe.json",
    code: "RECIPE_INVALID",
  });
}
