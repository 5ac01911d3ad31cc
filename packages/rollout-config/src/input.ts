import { artifact } from "@moonlight-rl/pipeline";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { z } from "zod";
import { LAUNCH_FORMS } from "./render/launch-form.ts";

const fileSchema = z.union([
  z.string().min(1),
  z.strictObject({ path: z.string(), text: z.string() }),
]);

/** What the stage takes. */
export const inputSchema = z.strictObject({
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

/** What it hands back. */
export const outputSchema = z.object({
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

export type ConfigInput = z.output<typeof inputSchema>;
export type ConfigOutput = z.input<typeof outputSchema>;
