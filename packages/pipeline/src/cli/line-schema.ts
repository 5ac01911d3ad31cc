import { z } from "zod";
import { eventSchema } from "@moonlight-rl/core";
import { artifactMark } from "../artifact/artifact.ts";
import { artifactReferenceSchema } from "../artifact/reference.ts";
import type { Stage } from "../stage/define-stage.ts";

const error = z.object({ code: z.string(), message: z.string(), hint: z.string().optional() });

/** The last line of a command that failed. */
export const failureLine = z.object({
  type: z.literal("summary"),
  status: z.enum(["failed", "interrupted"]),
  exitCode: z.int(),
  error,
});

/** The last line of a command that succeeded, or whose result its verdict refuses. */
export function summaryLine<S extends z.ZodRawShape>(fields: S) {
  const shape = { type: z.literal("summary"), ...fields };
  return z.union([
    z.object({ ...shape, status: z.literal("ok") }),
    z.object({ ...shape, status: z.literal("failed"), exitCode: z.int(), error }),
  ]);
}

export const plannedStageSchema = z.object({
  id: z.string(),
  stage: z.string(),
  status: z.enum(["hit", "miss", "unknown"]),
  reason: z.string(),
  key: z.string().optional(),
  seconds: z.number().optional(),
  predictedSeconds: z.number().optional(),
  actions: z
    .array(
      z.object({
        title: z.string(),
        detail: z.string().optional(),
        data: z.record(z.string(), z.json()).optional(),
        bytes: z.number().optional(),
        diskBytes: z.number().optional(),
        seconds: z.number().optional(),
        command: z.array(z.string()).optional(),
      }),
    )
    .optional(),
});

/** One line of what a stage's command writes with `--json`. */
export function stageLineSchema(stage: Stage): z.ZodType {
  const done = { key: z.string(), reused: z.boolean(), seconds: z.number(), output: stage.output };
  return z.union([
    eventSchema,
    summaryLine({ stage: z.literal(stage.name), ...done }),
    summaryLine({ stage: z.literal(stage.name), plan: plannedStageSchema }),
    failureLine,
  ]);
}

/** One line of what a stage's subcommand writes with `--json`. Errors: RangeError for a name that the stage does not have. */
export function subcommandLineSchema(stage: Stage, name: string): z.ZodType {
  const found = stage.commands?.find((command) => command.name === name);
  if (found === undefined) throw new RangeError(`${stage.name} has no command ${name}`);
  const fields = { stage: z.literal(stage.name), command: z.literal(name), output: found.output };
  return z.union([eventSchema, summaryLine(fields), failureLine]);
}

/** The JSON Schema (2020-12) of what is written: artifacts stand there as references, and readers must expect further fields. */
export function outputJsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  const reference = z.toJSONSchema(artifactReferenceSchema);
  delete reference.$schema;
  return z.toJSONSchema(schema, {
    io: "output",
    unrepresentable: "any",
    override({ zodSchema, jsonSchema }) {
      const mark = artifactMark(zodSchema);
      if (mark !== undefined) {
        const { properties } = structuredClone(reference);
        Object.assign(jsonSchema, structuredClone(reference), {
          properties: { ...properties, $artifact: { type: "string", const: mark.kind } },
        });
      }
      // Later versions may say more: a reader that refuses unknown fields would break.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
      for (const key of Object.keys(jsonSchema))
        if (key.startsWith("moonlight")) delete jsonSchema[key];
    },
  });
}
