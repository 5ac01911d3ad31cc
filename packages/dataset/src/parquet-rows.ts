import type { FileHandle } from "node:fs/promises";
import { throwIfAborted, VerificationError, type MoonlightError } from "@moonlight-rl/core";
import { openFile } from "./open-file.ts";
import type { RowRange } from "./row-range.ts";
import type { Row } from "./row.ts";

/** A row group of more bytes than this is not read: it has to be in memory as a whole. */
const MAX_GROUP_BYTES = 1 << 30;

/**
 * The rows of a Parquet file within a range, one row group in memory at a time. Integers of 64 bits become numbers, or texts
 * where they are too large for that. Errors: `DATASET_FILE_UNREADABLE`, `DATASET_PARQUET`.
 */
export async function* readParquetRows(
  file: string,
  { start, end }: RowRange,
  signal?: AbortSignal,
): AsyncGenerator<Row> {
  // Loaded here: most data files are .jsonl.
  const { parquetMetadataAsync, parquetReadObjects } = await import("hyparquet");
  const { compressors } = await import("hyparquet-compressors");
  const handle = await openFile(file);
  try {
    const source = { byteLength: (await handle.stat()).size, slice: slicesOf(handle) };
    const metadata = await asParquet(file, () => parquetMetadataAsync(source));
    let first = 0;
    for (const group of metadata.row_groups) {
      if (signal !== undefined) throwIfAborted(signal);
      const last = first + Number(group.num_rows);
      const [rowStart, rowEnd] = [Math.max(first, start), Math.min(last, end)];
      first = last;
      if (rowStart >= rowEnd) continue;
      if (group.total_byte_size > MAX_GROUP_BYTES)
        throw invalid(file, `the row group of row ${rowStart} has ${group.total_byte_size} bytes`, {
          hint: "Write it again in row groups below 1 GiB.",
        });
      const rows = await asParquet(file, () =>
        parquetReadObjects({ file: source, metadata, rowStart, rowEnd, compressors }),
      );
      for (const [i, row] of rows.entries()) {
        const number = rowStart + i;
        const value = plain(row) as Row["value"];
        yield { value, number, place: { file, name: `row ${number}` } };
      }
    }
  } finally {
    await handle.close();
  }
}

function slicesOf(handle: FileHandle): (start: number, end?: number) => Promise<ArrayBuffer> {
  return async (start, end) => {
    const { size } = await handle.stat();
    const buffer = new ArrayBuffer(Math.max(0, (end ?? size) - start));
    const { bytesRead } = await handle.read(new Uint8Array(buffer), 0, buffer.byteLength, start);
    return bytesRead === buffer.byteLength ? buffer : buffer.slice(0, bytesRead);
  };
}

async function asParquet<T>(file: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw invalid(file, cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

function invalid(
  file: string,
  what: string,
  more: { readonly hint?: string; readonly cause?: unknown },
): MoonlightError {
  return new VerificationError("DATASET_PARQUET", `${file} cannot be read as Parquet: ${what}.`, {
    file,
    ...more,
  });
}

/** A value as JSON has it. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Date) return value.toISOString();
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)].map((item) => plain(item));
  if (Array.isArray(value)) return value.map((item) => plain(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
