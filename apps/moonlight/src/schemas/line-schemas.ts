import { eventSchema } from "@moonlight-rl/core";
import {
  environmentSchema,
  failureLine,
  plannedStageSchema,
  stageLineSchema,
  subcommandLineSchema,
  summaryLine,
  type Stage,
} from "@moonlight-rl/pipeline";
import { z } from "zod";
import { errorEntrySchema } from "../explain/error-entry.ts";
import { ruleEntrySchema } from "../explain/recipe-rule.ts";
import { runSampleSchema } from "../runs/sample-schema.ts";

const error = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });
const cause = z.object({
  stage: z.string(),
  kind: z.enum(["recipe", "data", "input", "code", "environment", "missing"]),
  what: z.string(),
  before: z.string().optional(),
  now: z.string().optional(),
  source: z.string().optional(),
});
const comparison = z.object({
  before: z.string(),
  now: z.string(),
  firstCause: cause.optional(),
  causes: z.array(cause),
  stages: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["same", "follows", "differs"]),
      seconds: z.tuple([z.number().nullable(), z.number().nullable()]),
    }),
  ),
  environment: z.array(
    z.object({ what: z.string(), before: z.string().optional(), now: z.string().optional() }),
  ),
  metrics: z.array(
    z.object({ name: z.string(), before: z.number().optional(), now: z.number().optional() }),
  ),
});
const run = {
  type: z.literal("run"),
  id: z.string(),
  pipeline: z.string(),
  status: z.enum(["running", "ok", "failed", "interrupted"]),
  started: z.iso.datetime(),
  finished: z.iso.datetime().optional(),
  /** How long its processes were at it, all together. */
  seconds: z.number().optional(),
  params: z.record(z.string(), z.json()),
  error: error.optional(),
};
const reportStage = z.object({
  name: z.string(),
  state: z.enum(["ran", "reused", "failed", "running"]),
  seconds: z.number().optional(),
  artifacts: z.array(
    z.object({
      kind: z.string(),
      digest: z.string(),
      path: z.string(),
      /** Repository and commit, of what was fetched. */
      origin: z.string().optional(),
    }),
  ),
  inputs: z.array(z.object({ kind: z.string(), digest: z.string() })),
});
const listening = (fields: z.ZodRawShape): z.ZodType =>
  z.object({ type: z.literal("listening"), url: z.string(), ...fields });

const stages = {
  fetch: async (): Promise<Stage> => (await import("@moonlight-rl/fetch/stage")).fetch,
  convert: async (): Promise<Stage> => (await import("@moonlight-rl/convert/stage")).convert,
  "rollout-config": async (): Promise<Stage> =>
    (await import("@moonlight-rl/rollout-config/stage")).rolloutConfig,
  train: async (): Promise<Stage> => (await import("@moonlight-rl/train/stage")).train,
  eval: async (): Promise<Stage> => (await import("@moonlight-rl/eval/stage")).evaluate,
};

/** Commands of the program itself, by name; a subcommand follows after a dash. */
const OWN: Readonly<Record<string, () => z.ZodType>> = {
  run: () =>
    z.union([
      eventSchema,
      summaryLine({
        run: z.string(),
        seconds: z.number(),
        /** Absent for a pipeline of the configuration. */
        report: z.string().optional(),
        stages: z.array(z.object({ id: z.string(), reused: z.boolean(), seconds: z.number() })),
        outputs: z.json(),
        like: comparison.optional(),
      }),
      failureLine,
    ]),
  plan: () =>
    z.union([
      eventSchema,
      summaryLine({
        plan: z.object({
          pipeline: z.string(),
          stages: z.array(plannedStageSchema),
          unknownAfter: z.object({ stage: z.string(), field: z.string() }).optional(),
          totals: z.object({
            bytes: z.number(),
            diskBytes: z.number(),
            freeBytes: z.number().optional(),
            seconds: z.number(),
            unknown: z.array(z.string()),
          }),
        }),
      }),
      failureLine,
    ]),
  config: () =>
    z.union([
      z.object({
        type: z.literal("config"),
        file: z.string().nullable(),
        settings: z.array(
          z.object({
            name: z.string(),
            value: z.json(),
            source: z.enum(["flag", "environment", "config", "default"]),
          }),
        ),
      }),
      failureLine,
    ]),
  "runs-list": () => z.union([z.object(run), failureLine]),
  "runs-show": () =>
    z.union([
      z.object({
        ...run,
        environment: environmentSchema,
        config: z.object({ file: z.string(), values: z.json() }).optional(),
        like: z.string().optional(),
        stages: z.array(reportStage),
        recipe: z.array(z.object({ field: z.string(), value: z.string(), source: z.string() })),
        comparison: z
          .object({
            difference: z.number(),
            interval: z.tuple([z.number(), z.number()]),
            pValue: z.number(),
          })
          .optional(),
      }),
      failureLine,
    ]),
  "runs-compare": () =>
    z.union([comparison.extend({ type: z.literal("run-comparison") }), failureLine]),
  "runs-samples": () =>
    z.union([
      runSampleSchema.extend({ type: z.literal("run-sample"), run: z.string() }),
      failureLine,
    ]),
  report: () =>
    z.union([
      z.object({ type: z.literal("report"), run: z.string(), path: z.string() }),
      failureLine,
    ]),
  logs: () => z.union([z.looseObject({ type: z.string() }), failureLine]),
  serve: () => z.union([listening({ model: z.string() }), failureLine]),
  ui: () => z.union([listening({ workspace: z.string() }), failureLine]),
  "hub-serve": () => z.union([listening({}), failureLine]),
  explain: () =>
    z.union([
      errorEntrySchema.extend({ type: z.literal("error-code"), rule: ruleEntrySchema.optional() }),
      failureLine,
    ]),
  schema: () => z.union([z.object({ type: z.literal("schema"), name: z.string() }), failureLine]),
};

/** Names that `lineSchema` knows, each a command whose `--json` it describes. */
export async function schemaNames(): Promise<string[]> {
  const names = Object.keys(OWN);
  for (const [name, load] of Object.entries(stages)) {
    names.push(name);
    for (const command of (await load()).commands ?? []) names.push(`${name}-${command.name}`);
  }
  return names.sort();
}

/** One line of what a command writes with `--json`; undefined for a name that is none. */
export async function lineSchema(name: string): Promise<z.ZodType | undefined> {
  if (Object.hasOwn(OWN, name)) return OWN[name]?.();
  return stageSchema(SHORT[name] ?? name);
}

/** Subcommands that also stand at the top of the program. */
const SHORT: Readonly<Record<string, string>> = {
  doctor: "train-doctor",
  dump: "train-dump",
  debug: "train-debug",
  import: "rollout-config-import",
};

async function stageSchema(name: string): Promise<z.ZodType | undefined> {
  for (const [stageName, load] of Object.entries(stages)) {
    if (name !== stageName && !name.startsWith(`${stageName}-`)) continue;
    const stage = await load();
    if (name === stageName) return stageLineSchema(stage);
    const command = name.slice(stageName.length + 1);
    if (stage.commands?.some((one) => one.name === command))
      return subcommandLineSchema(stage, command);
  }
  return undefined;
}
