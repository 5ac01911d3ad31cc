import { UsageError } from "@moonlight-rl/core";

/** A row of a data file. */
export interface Row {
  readonly value: Readonly<Record<string, unknown>>;
  /** Where it stands, for messages: "line 3", "row 3". */
  readonly place: string;
}

/** Own fields only: a key may be named like a method of objects. */
export function fieldOf(row: Row, key: string): unknown {
  return Object.hasOwn(row.value, key) ? row.value[key] : undefined;
}

export function invalidRow(
  file: string,
  place: string,
  what: string,
  field?: string,
  cause?: unknown,
): UsageError {
  return new UsageError("EVAL_DATA_INVALID", `${file}: ${place} ${what}.`, {
    file,
    ...(field === undefined ? {} : { field: `${place}: ${field}` }),
    ...(cause === undefined ? {} : { cause }),
  });
}
