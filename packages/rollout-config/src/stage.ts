import { join } from "node:path";
import { UsageError } from "@moonlight-rl/core";
import { artifact, defineStage, type StageOutput } from "@moonlight-rl/pipeline";
import { checkRecipe, PROFILE_NAMES, PROFILES, resolveRecipe } from "@moonlight-rl/recipe";
import { z } from "zod";
import { lookAhead } from "./check/look-ahead.ts";
import { judge } from "./check/judge.ts";
import { modelConfig } from "./layers/model-config.ts";
import { diffCommand } from "./diff/diff-command.ts";
import { readRecipeFiles } from "./layers/read-recipe-files.ts";
import { importCommand } from "./import/import-command.ts";
import { readImportRecord } from "./import/read-import-record.ts";
import { isLaunchForm, LAUNCH_FORMS, renderLaunch } from "./render/launch.ts";
import { checkArgv, renderFor } from "./render/rendering.ts";
import { writeRecipe } from "./render/write-recipe.ts";

const fileSchema = z.union([
  z.string().min(1),
  z.strictObject({ path: z.string(), text: z.string() }),
]);

const inputSchema = z.strictObject({
  profile: z
    .enum(PROFILE_NAMES)
    .optional()
    .describe("named set of defaults; may be left out when a file names it"),
  root: z
    .string()
    .optional()
    .describe("folder with models and data on the cluster (profile moonlight-16b-a3b: /root)"),
  files: z
    .array(fileSchema)
    .default([])
    .describe("recipe file, YAML or JSON; later files win over earlier ones"),
  set: z
    .array(z.string())
    .default([])
    .describe("one field of the recipe as path=value; wins over files"),
  importRecord: fileSchema
    .optional()
    .describe("record of an import: an unedited recipe is rendered as the argv it came from"),
  model: artifact("hf-model")
    .optional()
    .describe("folder with the model's config.json, for the rules and flags about its shape"),
  backend: z
    .enum(["embedded", "miles"])
    .optional()
    .describe("who carries the recipe out (default: the profile's)"),
  render: z
    .enum(["none", "argv", "plan", "rollout", ...LAUNCH_FORMS])
    .default("none")
    .describe(
      "what to print: argv = the arguments for miles, one a line; plan = memory, disk and time; rollout = what over-sampling is expected to do; script (bash), ray-job (JSON of Ray's job server), slurm (for sbatch), kuberay (YAML) = what starts the job",
    ),
  difficulty: z
    .array(z.string())
    .default([])
    .describe(
      "share of prompts by solve rate, as rate:share, for plan and rollout (default: spread evenly)",
    ),
  promptCount: z.int().min(1).optional().describe("prompts of the dataset, for plan and rollout"),
  meanResponseLen: z
    .int()
    .min(1)
    .optional()
    .describe("tokens of a typical response, for plan (default: half of the most)"),
});

const outputSchema = z.object({
  recipe: artifact("recipe"),
  profile: z.enum(PROFILE_NAMES),
  backend: z.enum(["embedded", "miles"]),
  /** How many findings there are; they are told as events and stand in the artifact's findings.json. */
  warnings: z.int(),
  notes: z.int(),
  /** Only with render "argv". */
  argv: z.array(z.string()).optional(),
  /** Only with render "plan" or "rollout": the figures. */
  figures: z.record(z.string(), z.json()).optional(),
  /** What to print: those figures as tables, or the script or document that starts the job. */
  text: z.string().optional(),
});

const stage = defineStage({
  name: "rollout-config",
  title: "Resolve, check and render the training recipe.",
  from: import.meta.url,
  input: inputSchema,
  output: outputSchema,
  commands: [diffCommand, importCommand],
  examples: [
    "--profile tiny --set rollout.numRollout=20",
    "--profile moonlight-16b-a3b --root /root --render argv",
    "--profile moonlight-16b-a3b --root /root --render script > train.sh",
    "--profile moonlight-16b-a3b --render plan --set cluster.gpuType=h200-141",
    "--profile moonlight-16b-a3b --render rollout --difficulty 0:0.3,0.2:0.5,0.9:0.2",
    "--files recipe.yaml",
  ],
  async resolve(input) {
    const [record] = await readRecipeFiles(
      input.importRecord === undefined ? [] : [input.importRecord],
    );
    return {
      ...input,
      files: await readRecipeFiles(input.files),
      ...(record === undefined ? {} : { importRecord: record }),
    };
  },
  async plan(input) {
    const files = await readRecipeFiles(input.files);
    const { recipe } = resolveRecipe({ ...input, files });
    return [{ title: `resolve and check the recipe of profile ${recipe.profile}` }];
  },
  async run(input, context) {
    const files = await readRecipeFiles(input.files);
    const resolved = resolveRecipe({ ...input, files });
    const { recipe } = resolved;
    const backend = input.backend ?? PROFILES[recipe.profile].backend;
    const forMiles = input.render === "argv" || isLaunchForm(input.render);
    if (forMiles && backend !== "miles") {
      throw new UsageError("RENDER_BACKEND", `The ${backend} backend has no ${input.render}`, {
        field: "render",
        hint: "Add --backend miles, or choose a profile made for it.",
      });
    }
    const hfConfig = await modelConfig(recipe.profile, input.model);
    const outlook = lookAhead(recipe, backend, hfConfig, input);
    const faults = [...checkRecipe(recipe, hfConfig, backend), ...outlook.findings];
    judge(faults, context.emit);
    const argv = renderFor(backend, recipe, hfConfig, await readImportRecord(input.importRecord));
    const checked = argv === undefined ? undefined : checkArgv(argv, recipe, hfConfig);
    const remarks = checked?.remarks ?? [];
    judge(remarks, context.emit);
    const launch =
      checked === undefined || !isLaunchForm(input.render)
        ? undefined
        : renderLaunch(input.render, recipe, checked, context.emit);
    const findings = [...faults, ...remarks];
    const folder = join(context.scratch, "recipe");
    await writeRecipe(folder, resolved, findings, argv, launch);
    return {
      recipe: await context.publish("recipe", folder, {
        meta: { profile: recipe.profile, backend },
      }),
      profile: recipe.profile,
      backend,
      warnings: findings.filter(({ severity }) => severity === "warning").length,
      notes: findings.filter(({ severity }) => severity === "note").length,
      ...(input.render === "argv" && argv !== undefined ? { argv: [...argv] } : {}),
      ...outlook.printed,
      ...(launch === undefined ? {} : { text: launch.text.trimEnd() }),
    };
  },
});

/** Resolves, checks and renders the training recipe: profile < files < `--set`. */
export const rolloutConfig = Object.assign(stage, {
  /** What the command prints instead of a table of the output, so that a rendering can be piped. */
  present: (output: StageOutput<typeof stage>): string | undefined =>
    output.text ?? output.argv?.join("\n"),
});
