import type { JsonObject, Pipeline, Stage } from "@moonlight-rl/pipeline";
import { z } from "zod";
import { paramsSchema, type Params } from "../pipeline/params.ts";

/** What `moonlight.config.{json,mjs,ts}` may say. Paths are relative to the file. */
export interface MoonlightConfig {
  /** Workspace folder; `--workspace` and MOONLIGHT_WORKSPACE come first. */
  readonly workspace?: string;
  /** Settings of `run` and `plan`; flags come first, and `set` and `files` of both count, those of the flags last. */
  readonly run?: Partial<Omit<Params, "until">>;
  /** Inputs of single stages by the stage's name, as flags would give them: `{ "eval": { "nSamplesPerPrompt": 4 } }`. */
  readonly inputs?: Readonly<Record<string, JsonObject>>;
  /** Pipelines of your own, for `moonlight run --pipeline NAME`. Not in JSON. */
  readonly pipelines?: Readonly<Record<string, Pipeline>>;
  /** Stages of your own or of other packages, each a command of its name. Not in JSON. */
  readonly stages?: readonly Stage[];
}

const isPipeline = (value: unknown): value is Pipeline =>
  typeof value === "object" &&
  value !== null &&
  "name" in value &&
  "params" in value &&
  typeof (value as { run?: unknown }).run === "function";
const isStage = (value: unknown): value is Stage =>
  isPipeline({ params: undefined, ...(value as object) }) && "contract" in (value as object);

export const configSchema = z.strictObject({
  workspace: z.string().min(1).optional(),
  run: paramsSchema.omit({ until: true }).partial().optional(),
  inputs: z.record(z.string(), z.record(z.string(), z.json())).optional(),
  pipelines: z
    .record(z.string(), z.custom<Pipeline>(isPipeline, "expected what definePipeline returns"))
    .optional(),
  stages: z.array(z.custom<Stage>(isStage, "expected what defineStage returns")).optional(),
});

/** Types a configuration; returns it as it is. */
export function defineConfig(config: MoonlightConfig): MoonlightConfig {
  return config;
}
