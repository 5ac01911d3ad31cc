import { z } from "zod";

/** Largest page that any list gives. */
export const MAX_LIMIT = 500;

const whole = z.coerce.number().int().nonnegative();

/** Which part of a list is wanted. */
export const pageQuery = z.object({
  offset: whole.default(0),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(50),
});

/** A part of a list; `total` counts what fits the filter. */
export const pageOf = <T extends z.ZodType>(
  item: T,
): z.ZodObject<{ total: z.ZodInt; offset: z.ZodInt; items: z.ZodArray<T> }> =>
  z.object({ total: z.int(), offset: z.int(), items: z.array(item) });

export const orderQuery = z.enum(["asc", "desc"]);
export const wholeNumber = whole;
