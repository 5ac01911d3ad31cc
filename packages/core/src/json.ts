import { configure } from "safe-stable-stringify";
import { UsageError } from "./error.ts";

/** Any value that survives a round trip through JSON. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

const stringify = configure({ deterministic: true, strict: true, bigint: false });

/**
 * JSON with keys sorted by code unit and no white space: equal values give equal bytes.
 * `undefined` properties are dropped, as JSON.stringify does; NaN, Infinity and cycles are refused.
 */
export function canonicalJson(value: unknown): string {
  try {
    const text = stringify(value);
    if (text === undefined) throw new TypeError("the value is not representable");
    return text;
  } catch (cause) {
    throw new UsageError("JSON_NOT_CANONICAL", `Not canonical JSON: ${String(cause)}`, { cause });
  }
}
