import { writeFileAtomic } from "@moonlight-rl/core";
import type { ProblemColumn } from "./problem-table.ts";

/** Files that were asked for. */
export interface TableFiles {
  readonly csv?: string | undefined;
  readonly parquet?: string | undefined;
}

/** Writes the table of problems in each of the forms that were asked for. */
export async function writeTables(
  { csv, parquet }: TableFiles,
  columns: readonly ProblemColumn[],
): Promise<void> {
  if (csv !== undefined) {
    const { problemsCsv } = await import("./problems-csv.ts");
    await writeFileAtomic(csv, problemsCsv(columns));
  }
  if (parquet !== undefined) {
    const { problemsParquet } = await import("./problems-parquet.ts");
    await writeFileAtomic(parquet, await problemsParquet(columns));
  }
}
