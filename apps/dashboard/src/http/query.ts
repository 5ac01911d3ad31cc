import { UsageError, validate } from "@moonlight-rl/core";
import type { Context } from "hono";
import type { z } from "zod";
import { notFound } from "./not-found.ts";

/** The query of a request by its schema. Errors: `UI_QUERY`, also for a field that comes twice. */
export function queryOf<S extends z.ZodType>(context: Context, schema: S): z.output<S> {
  const all = context.req.queries();
  for (const [name, values] of Object.entries(all))
    if (values.length > 1)
      throw new UsageError("UI_QUERY", `query: ${name} is there ${values.length} times.`, {
        field: name,
      });
  const values = Object.fromEntries(Object.entries(all).map(([name, [value]]) => [name, value]));
  return validate(schema, values, { what: "query", code: "UI_QUERY" });
}

/** A whole number of the path. */
export function numberOf(text: string | undefined): number {
  if (text === undefined || !/^\d{1,12}$/.test(text))
    throw notFound("That part of the address is a whole number.");
  return Number(text);
}
