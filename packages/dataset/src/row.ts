import { VerificationError, type MoonlightError } from "@moonlight-rl/core";

/** A row of a data file. */
export interface Row {
  readonly value: Readonly<Record<string, unknown>>;
  /** From 0, the same whichever slice of the file is read; blank lines do not count. */
  readonly number: number;
  readonly place: RowPlace;
}

/** Where a row is, for messages. */
export interface RowPlace {
  readonly file: string;
  /** "line 12", counted from 1, or "row 12" of a Parquet file, from 0. */
  readonly name: string;
  /** Of the line's first byte. */
  readonly byteOffset?: number;
}

/** Own fields only: a key may be named like a method of objects. */
export function fieldOf(row: Pick<Row, "value">, key: string): unknown {
  return Object.hasOwn(row.value, key) ? row.value[key] : undefined;
}

/** `DATASET_ROW_INVALID`: what is wrong with a row, continuing "FILE: line 12 …". */
export function invalidRow(
  { file, name, byteOffset }: RowPlace,
  what: string,
  { field, cause }: { readonly field?: string; readonly cause?: unknown } = {},
): MoonlightError {
  return new VerificationError("DATASET_ROW_INVALID", `${file}: ${name} ${what}.`, {
    file,
    field: field === undefined ? name : `${name}: ${field}`,
    ...(byteOffset === undefined ? {} : { byteOffset }),
    ...(cause === undefined ? {} : { cause }),
    hint: 'A row looks like {"prompt": [{"role": "user", "content": "…"}], "label": "42"}.',
  });
}
