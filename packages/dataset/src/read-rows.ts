import { UsageError } from "@moonlight-rl/core";
import { readLines } from "./lines.ts";
import { readParquetRows } from "./parquet-rows.ts";
import { ALL_ROWS, type RowRange } from "./row-range.ts";
import { invalidRow, type Row } from "./row.ts";

/** Endings of the files that can be read. */
export const DATA_FILE = /\.(jsonl|ndjson|parquet)$/;

export interface ReadRowsOptions {
  /** Default all. */
  readonly range?: RowRange;
  readonly signal?: AbortSignal;
  /** Bytes of the longest line that is taken for one; default 16 MiB. */
  readonly longestLine?: number;
}

/**
 * The rows of a file of JSON Lines or Parquet, by its name; memory does not grow with the file: it is one line and one block,
 * or one row group. Blank lines are skipped; a line that is no object is an error that names it (the reference drops it).
 *
 * Errors: `DATASET_FORMAT`, `DATASET_FILE_UNREADABLE`, `DATASET_ROW_INVALID`, `DATASET_LINE_TOO_LONG`, `DATASET_ENCODING`,
 * `DATASET_PARQUET`.
 */
export async function* readRows(file: string, options: ReadRowsOptions = {}): AsyncGenerator<Row> {
  const { range = ALL_ROWS } = options;
  if (file.endsWith(".parquet")) {
    yield* readParquetRows(file, range, options.signal);
    return;
  }
  if (!DATA_FILE.test(file))
    throw new UsageError("DATASET_FORMAT", `${file} is neither .jsonl nor .parquet.`, { file });
  let number = -1;
  for await (const line of readLines(file, options)) {
    number++;
    if (number >= range.end) return;
    if (number < range.start) continue;
    const place = { file, name: `line ${line.number}`, byteOffset: line.byteOffset };
    yield { value: parseObject(line.text, place), number, place };
  }
}

function parseObject(text: string, place: Row["place"]): Row["value"] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw invalidRow(place, `is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidRow(place, "is not an object");
  return value as Row["value"];
}
