import { open, type FileHandle } from "node:fs/promises";
import { basename } from "node:path";
import { throwIfAborted, VerificationError } from "@moonlight-rl/core";
import { parquetMetadataAsync, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { checkRow, type Row } from "./row.ts";

/** A row group of more bytes than this is not read: it has to be in memory as a whole. */
const MAX_GROUP_BYTES = 1 << 30;

/**
 * The rows of a Parquet file, one row group in memory at a time. Integers of 64 bits become numbers (or texts, when they are
 * too large for that). Errors: `DATASET_PARQUET`, `DATASET_ROW_INVALID`.
 */
export async function* readParquetRows(file: string, signal: AbortSignal): AsyncGenerator<Row> {
  const handle = await open(file, "r");
  try {
    const source = { byteLength: (await handle.stat()).size, slice: slicesOf(handle) };
    const metadata = await asParquet(file, () => parquetMetadataAsync(source));
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      throwIfAborted(signal);
      if (group.total_byte_size > MAX_GROUP_BYTES)
        throw new VerificationError(
          "DATASET_PARQUET",
          `${file}: the row group from row ${rowStart} on has ${group.total_byte_size} bytes.`,
          { file, hint: "Write it again in row groups below 1 GiB." },
        );
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await asParquet(file, () =>
        parquetReadObjects({ file: source, metadata, rowStart, rowEnd, compressors }),
      );
      for (const [i, row] of rows.entries())
        yield checkRow(plain(row), { file: basename(file), place: `row ${rowStart + i + 1}` });
      rowStart = rowEnd;
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
    throw new VerificationError(
      "DATASET_PARQUET",
      `${file} cannot be read as Parquet: ${cause instanceof Error ? cause.message : String(cause)}`,
      { file, cause },
    );
  }
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
