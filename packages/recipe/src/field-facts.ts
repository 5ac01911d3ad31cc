import type { z } from "zod";

/** A default as JSON has it. */
type Plain =
  | null
  | boolean
  | number
  | string
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** What is known about a field beside its type and meaning. */
export interface FieldFacts {
  /** The flag of miles that says the field; of a switch: the flag that says `true`. */
  readonly flag?: string;
  /** Of a switch that miles has on: the flag that says `false`. */
  readonly negative?: string;
  /** What miles takes when it is not told. Absent: it must be told, or the recipe always tells it. */
  readonly usual?: Plain;
  readonly unit?: string;
  /** Where the reference defines it, "A:520" (abbreviations: FIELDS.md). */
  readonly source?: string;
}

/** Attaches meaning and facts to a field's schema; `RECIPE_FIELDS` reads them back. */
export function field<T extends z.ZodType>(schema: T, about: string, facts: FieldFacts = {}): T {
  return schema.meta({ ...facts, description: about });
}

/** The facts that `field` attached. */
export function factsOf(schema: z.ZodType): FieldFacts & { readonly description?: string } {
  return (schema.meta() ?? {}) as FieldFacts & { readonly description?: string };
}
