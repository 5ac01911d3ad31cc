import { UsageError } from "@moonlight-rl/core";
import { readJsonlRows } from "./jsonl-rows.ts";
import { readParquetRows } from "./parquet-rows.ts";
import type { Row } from "./row.ts";
import type { RowRange } from "./row-range.ts";

/** Endings of the files that can be read. */
export const DATA_FILE = /\.(jsonl|ndjson|parquet)$/;

/** The rows of a data file within a range, with their numbers from 0; memory does not grow with the file. */
export async function* readDataRows(
  file: string,
  range: RowRange,
): AsyncGenerator<Row & { readonly number: number }> {
  const { start, end } = range;
  if (file.endsWith(".parquet")) {
    let number = start;
    for await (const row of readParquetRows(file, range)) yield { ...row, number: number++ };
    return;
  }
  if (!DATA_FILE.test(file)) {
    throw new UsageError("EVAL_DATA_INVALID", `${file} is neither .jsonl nor .parquet.`, {
      field: "dataFile",
      file,
    });
  }
  let number = -1;
  for await (const row of readJsonlRows(file)) {
    number++;
    if (number >= end) return;
    if (number >= start) yield { ...row, number };
  }
}
