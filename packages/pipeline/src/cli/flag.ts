import { z } from "zod";
import { UsageError } from "@moonlight-rl/core";
import { artifactMark } from "../artifact/artifact.ts";
import { layers, unwrap } from "../schema/unkeyed.ts";
import { flagName } from "./flag-name.ts";

export type FlagType =
  | "string"
  | "number"
  | "boolean"
  | "choice"
  | "artifact"
  | "record"
  | "object"
  | "json";

/** One command-line flag, as an input schema's field declares it. */
export interface Flag {
  /** Where the value goes in the input. */
  readonly path: readonly string[];
  /** With dashes: `--recipe.clip-grad`. */
  readonly name: string;
  readonly type: FlagType;
  /** An array: each occurrence adds one element. */
  readonly repeatable: boolean;
  readonly nullable: boolean;
  readonly required: boolean;
  readonly choices?: readonly string[];
  readonly description?: string;
  /** As JSON text, for help. */
  readonly defaultText?: string;
  /** Kind of an artifact field. */
  readonly kind?: { readonly kind: string; readonly kindVersion: number };
}

/** Names that every stage command has already. */
export const RESERVED_FLAGS = [
  "--json",
  "--workspace",
  "--force",
  "--plan",
  "--dry-run",
  "--debug",
  "--input-json",
  "--help",
  "--version",
];

/** All flags of an input schema, in the order of its fields; nested objects as dotted flags after their own. */
export function flagsOf(schema: z.ZodObject, parent: readonly string[] = []): Flag[] {
  const flags: Flag[] = [];
  for (const [key, field] of Object.entries(schema.shape)) {
    const path = [...parent, key];
    const flag = toFlag(path, field);
    if (RESERVED_FLAGS.includes(flag.name)) {
      throw new UsageError(
        "STAGE_FLAG_RESERVED",
        `Input field "${key}" would be the flag ${flag.name}, which every stage command has.`,
        { field: path.join("."), hint: "Rename the field." },
      );
    }
    flags.push(flag);
    const core = unwrap(field);
    if (core instanceof z.ZodObject) flags.push(...flagsOf(core, path));
  }
  return flags;
}

function toFlag(path: readonly string[], schema: z.core.$ZodType): Flag {
  const all = layers(schema);
  const core = all.at(-1) ?? schema;
  const array = core instanceof z.ZodArray && artifactMark(core) === undefined;
  const value = array ? unwrap(core.element) : core;
  const { type, choices } = valueType(value);
  const kind = artifactMark(value);
  const description = all
    .map((layer) => z.globalRegistry.get(layer)?.description)
    .find((text) => text !== undefined);
  const byDefault = all.find((layer) => layer instanceof z.ZodDefault)?.def.defaultValue;
  return {
    path,
    name: flagName(path),
    type,
    repeatable: array || type === "record",
    nullable: all.some((layer) => layer instanceof z.ZodNullable),
    // "optional", or "defaulted" when the schema has a default.
    required: schema._zod.optin === undefined,
    ...(choices === undefined ? {} : { choices }),
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { defaultText: JSON.stringify(byDefault) }),
    ...(kind === undefined ? {} : { kind }),
  };
}

function valueType(schema: z.core.$ZodType): { type: FlagType; choices?: readonly string[] } {
  if (artifactMark(schema) !== undefined) return { type: "artifact" };
  if (schema instanceof z.ZodString || schema instanceof z.ZodCustom) return { type: "string" };
  if (schema instanceof z.ZodNumber) return { type: "number" };
  if (schema instanceof z.ZodBoolean) return { type: "boolean" };
  if (schema instanceof z.ZodObject) return { type: "object" };
  if (schema instanceof z.ZodRecord) return { type: "record" };
  const choices = choicesOf(schema);
  return choices === undefined ? { type: "json" } : { type: "choice", choices };
}

function choicesOf(schema: z.core.$ZodType): readonly string[] | undefined {
  if (schema instanceof z.ZodEnum) return onlyStrings(schema.options);
  if (schema instanceof z.ZodLiteral) return onlyStrings([...schema.values]);
  if (!(schema instanceof z.ZodUnion)) return undefined;
  const options = schema.options.map((option) => choicesOf(unwrap(option)));
  return options.every((option) => option !== undefined) ? options.flat() : undefined;
}

function onlyStrings(values: readonly unknown[]): readonly string[] | undefined {
  return values.every((value) => typeof value === "string") ? values : undefined;
}
