import { z } from "zod";
import { factsOf, type FieldFacts } from "./field-facts.ts";
import { recipeSchema } from "./schema.ts";

/** One value of the recipe, as documentation and the command line see it. */
export interface RecipeField {
  /** Dotted path: "rollout.numRollout". */
  readonly path: string;
  /** What may stand there: "integer", "true | false", "k1 | k2 | null", "list of integers". */
  readonly type: string;
  readonly description: string;
  /** The flag of miles, what miles takes untold, unit, and where the reference defines it. */
  readonly facts: FieldFacts;
  readonly schema: z.core.$ZodType;
}

/** Every field of the recipe in the order of the schema. Lists are one field each. */
export const RECIPE_FIELDS: readonly RecipeField[] = fieldsOf(recipeSchema, []);

export const FIELD_BY_PATH: ReadonlyMap<string, RecipeField> = new Map(
  RECIPE_FIELDS.map((field) => [field.path, field]),
);

function fieldsOf(schema: z.core.$ZodType, path: readonly string[]): RecipeField[] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, inner]) =>
      fieldsOf(inner as z.core.$ZodType, [...path, key]),
    );
  }
  const { description = "", ...facts } = schema instanceof z.ZodType ? factsOf(schema) : {};
  return [{ path: path.join("."), type: typeName(schema), description, facts, schema }];
}

function typeName(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodNullable) return `${typeName(schema.unwrap())} | null`;
  if (schema instanceof z.ZodEnum) return schema.options.join(" | ");
  if (schema instanceof z.ZodBoolean) return "true | false";
  if (schema instanceof z.ZodString) return "text";
  if (schema instanceof z.ZodNumberFormat) return "integer";
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodOptional) return typeName(schema.unwrap());
  if (schema instanceof z.ZodRecord) return "map of names to values";
  if (schema instanceof z.ZodArray) return `list of ${typeName(schema.element)}`;
  if (schema instanceof z.ZodObject) return `{${Object.keys(schema.shape).join(", ")}}`;
  throw new TypeError("a recipe field of a kind that has no name in the documentation");
}
