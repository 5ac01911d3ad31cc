import type { ProblemColumn } from "./problem-table.ts";

/** Parquet's types of ours. Counts are those of samples and problems, far below 2^31. */
const TYPES = { text: "STRING", count: "INT32", number: "DOUBLE" } as const;

/** The table of problems as a Parquet file, with a type for each column: texts stay texts, what nobody measured is null. */
export async function problemsParquet(columns: readonly ProblemColumn[]): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await import("hyparquet-writer");
  const columnData = columns.map(({ name, type, values }) => ({
    name,
    data: [...values],
    type: TYPES[type],
    nullable: type === "number",
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}
