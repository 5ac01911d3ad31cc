import { UsageError } from "@moonlight-rl/core";

/** Rows from `start` up to, without, `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Every row. */
export const ALL_ROWS: RowRange = { start: 0, end: Number.POSITIVE_INFINITY };

const RANGE = /^(.+)@\[(-?\d*):(-?\d*)\]$/;

/**
 * Splits the reference's `file@[a:b]` into the file and its rows; either end may be left out. Rows are counted as they are
 * read, blank lines not. Negative numbers, which the reference fails at while reading, are refused here:
 * `DATASET_SLICE_INVALID`.
 */
export function parseRowRange(text: string): { file: string; rows: RowRange } {
  const match = RANGE.exec(text);
  if (match === null) return { file: text, rows: ALL_ROWS };
  const [, file = "", first = "", last = ""] = match;
  const start = first === "" ? 0 : Number(first);
  const end = last === "" ? ALL_ROWS.end : Number(last);
  if (first.startsWith("-") || last.startsWith("-") || start >= end) {
    throw new UsageError("DATASET_SLICE_INVALID", `${text} selects no rows.`, {
      hint: "A slice is FILE@[a:b], rows a to b − 1, counted from 0 from the beginning of the file.",
    });
  }
  return { file, rows: { start, end } };
}
