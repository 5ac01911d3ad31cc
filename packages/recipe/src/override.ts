import { closest, UsageError, validate } from "@moonlight-rl/core";
import { yamlReader } from "./yaml-reader.ts";
import { z } from "zod";
import { FIELD_BY_PATH, RECIPE_FIELDS, type RecipeField } from "./field.ts";

/** One `--set` after its text has been read by the type of the field. */
export interface Override {
  readonly path: string;
  readonly value: unknown;
}

/**
 * Reads `path=value`, typed by the schema: `rollout.numRollout=20`, `eval.interval=null`,
 * `sglang.cudaGraphBs=1,2,4`, `eval.datasets=[{name: aime, path: /data/aime.jsonl}]`.
 *
 * @throws UsageError RECIPE_SET_SYNTAX, RECIPE_FIELD_UNKNOWN or RECIPE_INVALID; each names the path.
 */
export function parseOverride(text: string): Override {
  const equals = text.indexOf("=");
  if (equals <= 0) {
    throw new UsageError("RECIPE_SET_SYNTAX", `--set ${text}: not of the form path=value`, {
      field: text,
      hint: "For example: --set rollout.numRollout=20",
    });
  }
  const path = text.slice(0, equals).trim();
  const field = FIELD_BY_PATH.get(path);
  if (field === undefined) throw unknownField(path);
  if (path === "profile") {
    throw new UsageError("RECIPE_SET_PROFILE", "--set cannot change the profile", {
      field: path,
      hint: "Use --profile: its defaults lie under everything else.",
    });
  }
  const value = readText(field, text.slice(equals + 1));
  const schema = z.strictObject({ [path]: field.schema as z.ZodType });
  const checked = validate(schema, { [path]: value }, { what: "--set", code: "RECIPE_INVALID" });
  return { path, value: checked[path] };
}

function readText(field: RecipeField, text: string): unknown {
  let schema = field.schema;
  if (schema instanceof z.ZodNullable) {
    if (text === "null") return null;
    schema = schema.unwrap();
  }
  if (schema instanceof z.ZodNumber) {
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
  }
  if (schema instanceof z.ZodBoolean)
    return text === "true" ? true : text === "false" ? false : text;
  if (schema instanceof z.ZodArray) {
    return readYaml(field.path, /^\s*\[/.test(text) ? text : `[${text}]`, schema.element);
  }
  if (schema instanceof z.ZodRecord) return readYaml(field.path, text, schema.valueType);
  return text;
}

/** Where texts are wanted, `8` and `true` are texts too. */
function readYaml(path: string, text: string, inner: z.core.$ZodType): unknown {
  const document = yamlReader().parseDocument(text, {
    schema: inner instanceof z.ZodString ? "failsafe" : "core",
  });
  const error = document.errors[0];
  if (error === undefined) return document.toJS({ maxAliasCount: 0 }) as unknown;
  throw new UsageError("RECIPE_SET_SYNTAX", `--set ${path}: not a list or map: ${error.message}`, {
    field: path,
    hint: "Write lists as a,b,c or as [{name: …, path: …}], maps as {NAME: value}.",
  });
}

function unknownField(path: string): UsageError {
  const known = RECIPE_FIELDS.map((field) => field.path);
  const leaf = path.slice(path.lastIndexOf(".") + 1).toLowerCase();
  const inGroup = known.filter((candidate) => candidate.startsWith(`${path}.`));
  const sameLeaf = known.filter((candidate) => candidate.toLowerCase().endsWith(`.${leaf}`));
  const suggestion = sameLeaf.length > 0 ? sameLeaf.join('" or "') : closest(path, known);
  return new UsageError("RECIPE_FIELD_UNKNOWN", `--set ${path}: the recipe has no such field`, {
    field: path,
    hint:
      inGroup.length > 0
        ? `"${path}" is a group; its fields: ${inGroup.join(", ")}.`
        : suggestion === undefined
          ? "The README of @moonlight-rl/recipe lists all fields."
          : `Did you mean "${suggestion}"?`,
  });
}
