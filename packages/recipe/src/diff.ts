import { canonicalJson } from "@moonlight-rl/core";
import { flatten } from "./flatten.ts";
import { RECIPE_FIELDS } from "./field.ts";
import type { Recipe } from "./schema.ts";

export interface RecipeDifference {
  /** Dotted path. */
  readonly path: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** The fields in which two recipes differ, in the order of the schema. */
export function diffRecipes(before: Recipe, after: Recipe): RecipeDifference[] {
  const left = flatten(before);
  const right = flatten(after);
  return RECIPE_FIELDS.map(({ path }) => ({
    path,
    before: left.get(path),
    after: right.get(path),
  })).filter((field) => canonicalJson(field.before) !== canonicalJson(field.after));
}
