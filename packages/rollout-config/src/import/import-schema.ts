import { artifact } from "@moonlight-rl/pipeline";
import { PROFILE_NAMES } from "@moonlight-rl/recipe/profile-name";
import { z } from "zod";

export const lostSchema = z.object({ dest: z.string(), said: z.json(), rendered: z.json() });

export const importInput = z.strictObject({
  script: z
    .string()
    .min(1)
    .describe("launch script, argv file (one argument a line), or - for standard input"),
  define: z
    .array(z.string().regex(/^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+)=/, "expected NAME=VALUE"))
    .default([])
    .describe(
      "variable that the script expects or that only its run could tell, as NAME=VALUE; 1=VALUE for its first argument",
    ),
  source: z
    .array(z.string().min(1))
    .default([])
    .describe("file that the script sources; told apart by its name"),
  profile: z.enum(PROFILE_NAMES).default("moonlight-16b-a3b").describe("profile below the recipe"),
  model: artifact("hf-model")
    .optional()
    .describe("folder with the model's config.json, when it is not the profile's"),
  out: z
    .string()
    .min(1)
    .optional()
    .describe("folder to write recipe.yaml and import-record.json to"),
});
export type ImportInput = z.output<typeof importInput>;

export const importOutput = z.object({
  recipe: z.string(),
  arguments: z.int(),
  extra: z.array(z.string()),
  omitted: z.array(z.string()),
  secrets: z.array(z.string()),
  lost: z.array(lostSchema),
  environment: z.record(z.string(), z.string()),
  unknownEnvironment: z.array(z.string()),
  skipped: z.array(z.object({ file: z.string(), line: z.int(), text: z.string() })),
  files: z.array(z.string()),
});
export type ImportOutput = z.input<typeof importOutput>;
