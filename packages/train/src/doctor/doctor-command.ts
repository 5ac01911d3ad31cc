import { join } from "node:path";
import { formatTable, PreflightError, readJson } from "@moonlight-rl/core";
import { MOONLIGHT_16B_A3B, parseHfConfig, type HfConfig } from "@moonlight-rl/model";
import { artifact, defineSubcommand, type Artifact } from "@moonlight-rl/pipeline";
import {
  PROFILE_NAMES,
  PROFILES,
  recipeSchema,
  resolveRecipe,
  type Recipe,
} from "@moonlight-rl/recipe";
import { z } from "zod";
import { checkEmbedded } from "./check-embedded.ts";

const check = z.object({
  host: z.string(),
  id: z.string(),
  status: z.enum(["ok", "warning", "error"]),
  seen: z.string(),
  fix: z.string().optional(),
});

/** `moonlight doctor`: whether this machine, or a Ray cluster, can carry a recipe out. */
export const doctor = defineSubcommand({
  name: "doctor",
  title:
    "Look whether this machine, or a Ray cluster, can run a recipe. Changes nothing, kills nothing.",
  examples: [
    "",
    "--profile moonlight-16b-a3b --root /root",
    "--recipe ./recipe --ray-address auto --json",
  ],
  input: z.strictObject({
    recipe: artifact("recipe")
      .optional()
      .describe("what rollout-config made; instead of a profile"),
    profile: z.enum(PROFILE_NAMES).default("tiny").describe("whose recipe is to be run"),
    root: z.string().optional().describe("folder with models and data on the cluster"),
    set: z.array(z.string()).default([]).describe("one field of the recipe as path=value"),
    model: artifact("hf-model").optional().describe("model, when it is not the profile's"),
    rayAddress: z
      .string()
      .min(1)
      .optional()
      .describe("a Ray cluster, as ray start has it (HOST:6379, or auto on one of its nodes)"),
  }),
  output: z.object({
    backend: z.enum(["embedded", "miles"]),
    checks: z.array(check),
    errors: z.int(),
    warnings: z.int(),
  }),
  async run(input, { workspace, signal }) {
    const recipe = await recipeOf(input);
    const { backend } = PROFILES[recipe.profile];
    const checks =
      backend === "embedded"
        ? await checkEmbedded(workspace)
        : await checkMiles(recipe, await configOf(recipe, input.model), input.rayAddress, signal);
    const count = (wanted: string): number =>
      checks.filter(({ status }) => status === wanted).length;
    return { backend, checks, errors: count("error"), warnings: count("warning") };
  },
  present({ checks, errors, warnings }) {
    const rows = checks.map(({ host, id, status, seen }) => [MARKS[status], host, id, seen]);
    const table = formatTable(
      [{ title: "" }, { title: "host" }, { title: "check" }, { title: "seen" }],
      rows,
    );
    const fixes = [...idsByFix(checks)].map(([fix, ids]) => `${[...ids].join(", ")}: ${fix}\n`);
    return `${table}\n\n${fixes.join("")}${fixes.length === 0 ? "" : "\n"}${errors} errors, ${warnings} warnings`;
  },
  verdict({ checks, errors }) {
    const first = checks.find(({ status }) => status === "error");
    return first === undefined
      ? undefined
      : new PreflightError(
          "DOCTOR_ERRORS",
          `${errors} things stand in the way; the first: ${first.id}, ${first.seen}`,
          {
            field: first.id,
            ...(first.fix === undefined ? {} : { hint: first.fix }),
          },
        );
  },
});

/** What several checks ask for is said once. */
function idsByFix(checks: readonly z.output<typeof check>[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { id, fix } of checks)
    if (fix !== undefined) found.set(fix, (found.get(fix) ?? new Set()).add(id));
  return found;
}

const MARKS = { ok: "✓", warning: "!", error: "✗" } as const;

async function recipeOf(input: {
  readonly recipe?: Artifact<"recipe"> | undefined;
  readonly profile: (typeof PROFILE_NAMES)[number];
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
  const file = join(model.path, "config.json");
  return parseHfConfig(await readJson(file, z.unknown(), { what: "config.json" }), file);
}

async function checkMiles(
  recipe: Recipe,
  config: HfConfig,
  rayAddress: string | undefined,
  signal: AbortSignal,
) {
  const { checkCluster } = await import("@moonlight-rl/miles");
  return await checkCluster(recipe, config, {
    signal,
    ...(rayAddress === undefined ? {} : { rayAddress }),
  });
}
