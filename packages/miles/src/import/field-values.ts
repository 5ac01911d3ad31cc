import { RECIPE_FIELDS, type RecipeField } from "@moonlight-rl/recipe";
import type { z } from "zod";
import type { Value } from "../argv/flag-spec.ts";
import { flagTable, type Flag } from "../argv/flag-table.ts";
import type { ParsedArgv } from "../argv/parse-argv.ts";

/** Fields that are one flag each, with the attribute that the flag sets. */
interface FlagField {
  readonly field: RecipeField;
  readonly flag: Flag;
}

/** Said by several flags, or by values that are not the field's own; read elsewhere. */
const COMPOUND = new Set([
  "model.hfCheckpoint",
  "precision.rolloutCheckpoint",
  "precision.mode",
  "rollout.dynamicSamplingFilter",
  "eval.datasets",
  "eval.temperature",
  "algorithm.routingReplay",
  "performance.attentionSoftmaxInFp32",
  "runtime.extraArgs",
]);

let known: readonly FlagField[] | undefined;

function flagFields(): readonly FlagField[] {
  known ??= RECIPE_FIELDS.flatMap((field) => {
    const { flag, negative } = field.facts;
    const found = flagTable("full").bySpelling.get(flag ?? negative ?? "");
    return found === undefined || COMPOUND.has(field.path) ? [] : [{ field, flag: found }];
  });
  return known;
}

/** What an argv says of the fields that are one flag each, by path; and the attributes that are thereby understood. */
export function fieldValues(parsed: ParsedArgv): {
  readonly values: ReadonlyMap<string, unknown>;
  readonly understood: ReadonlySet<string>;
} {
  const values = new Map<string, unknown>();
  const understood = new Set<string>();
  for (const { field, flag } of flagFields()) {
    const value = valueOf(field, flag, parsed);
    if (value === undefined) continue;
    values.set(field.path, value);
    understood.add(flag.dest);
  }
  return { values, understood };
}

/** The field's value; undefined when the flag says something that the field cannot hold. */
function valueOf({ facts, schema }: RecipeField, flag: Flag, parsed: ParsedArgv): unknown {
  if (!parsed.given.has(flag.dest) && facts.usual !== undefined)
    return structuredClone(facts.usual);
  const told = parsed.namespace.get(flag.dest) ?? null;
  const asked = facts.flag === undefined && flag.spec.action === "storeTrue";
  for (const candidate of candidates(asked && typeof told === "boolean" ? !told : told)) {
    const result = (schema as z.ZodType).safeParse(candidate);
    if (result.success) return result.data;
  }
  return undefined;
}

/** How a value of Python may stand in a recipe. */
function candidates(value: Value): unknown[] {
  if (value === null) return [null, false, []];
  if (typeof value !== "string") return [value, ...(Array.isArray(value) ? [] : [String(value)])];
  return [value, ...json(value)];
}

function json(text: string): unknown[] {
  try {
    return [JSON.parse(text)];
  } catch {
    return [];
  }
}
