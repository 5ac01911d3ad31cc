import { z } from "zod";

const MARK = "moonlightUnkeyed";

/**
 * Marks a field that does not change the result (endpoint, threads, a secret): it is left out of the cache key
 * and of everything that is written to disk. The schema stays the same otherwise.
 *
 * @example
 * import { unkeyed } from "@moonlight-rl/pipeline";
 * import { z } from "zod";
 *
 * const input = z.strictObject({ n: z.int(), threads: unkeyed(z.int().default(4)) });
 * const given = input.parse({ n: 3 }); // { n: 3, threads: 4 }
 */
export function unkeyed<S extends z.ZodType>(schema: S): S {
  return schema.meta({ ...schema.meta(), [MARK]: true });
}

/** Whether `unkeyed` was applied to this schema or to one that it wraps. */
export function isUnkeyed(schema: z.core.$ZodType): boolean {
  return layers(schema).some((layer) => z.globalRegistry.get(layer)?.[MARK] === true);
}

/** A schema and what it wraps, outermost first: optional, default, nullable, readonly, catch, prefault, lazy, the input of a pipe. */
export function layers(schema: z.core.$ZodType): z.core.$ZodType[] {
  const found = [schema];
  for (let at = inner(schema); at !== undefined; at = inner(at)) found.push(at);
  return found;
}

/** The schema below all wrappers. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return layers(schema).at(-1) ?? schema;
}

function inner(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodReadonly ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodCatch ||
    schema instanceof z.ZodNonOptional ||
    schema instanceof z.ZodLazy
  )
    return schema.unwrap();
  // A `.transform()` is a pipe whose input is what people write; a `z.preprocess()` one whose output is.
  if (schema instanceof z.ZodPipe)
    return schema.in instanceof z.ZodTransform ? schema.out : schema.in;
  return undefined;
}
