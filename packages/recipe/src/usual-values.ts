import type { z } from "zod";
import { factsOf } from "./field-facts.ts";

/**
 * A whole group of the recipe: the stated fields, and for the others what the reference takes by itself
 * (`usual` of their facts).
 *
 * @throws TypeError for a field without either, which is a mistake in a profile.
 */
export function withUsualValues<S extends z.ZodObject>(
  group: S,
  stated: Partial<z.output<S>>,
): z.output<S> {
  const values = Object.entries(group.shape).map(([key, schema]) => {
    if (key in stated) return [key, (stated as Record<string, unknown>)[key]];
    const { usual } = factsOf(schema as z.ZodType);
    if (usual === undefined) throw new TypeError(`profile: ${key} must be stated`);
    return [key, structuredClone(usual)];
  });
  return Object.fromEntries(values) as z.output<S>;
}
