import { readdir } from "node:fs/promises";
import { join, relative, isAbsolute } from "node:path";
import { closest, PreflightError, UsageError } from "@moonlight-rl/core";
import { DATA_FILE } from "@moonlight-rl/dataset";

/**
 * The name of the file of problems within a dataset folder: the one named, or the only one there that can be read (.jsonl
 * files come before .parquet files, as exports have both).
 */
export async function findDataFile(folder: string, named: string | undefined): Promise<string> {
  const files = await listFiles(folder);
  if (named !== undefined) {
    if (files.includes(named)) return named;
    const suggestion = closest(named, files);
    throw new PreflightError("EVAL_DATA_MISSING", `The dataset has no file ${named}.`, {
      field: "dataFile",
      file: isInside(named) ? join(folder, named) : folder,
      hint:
        suggestion === undefined
          ? `It has: ${files.slice(0, 10).join(", ") || "no files"}.`
          : `Did you mean "${suggestion}"?`,
    });
  }
  const readable = files.filter((file) => DATA_FILE.test(file));
  const lines = readable.filter((file) => !file.endsWith(".parquet"));
  const candidates = lines.length > 0 ? lines : readable;
  const [only] = candidates;
  if (only === undefined) {
    throw new PreflightError("EVAL_DATA_MISSING", `${folder} has no .jsonl or .parquet file.`, {
      field: "data",
      file: folder,
      hint: "Evaluation reads rows of JSON, one a line, or of Parquet.",
    });
  }
  if (candidates.length > 1) {
    throw new UsageError(
      "EVAL_DATA_AMBIGUOUS",
      `${folder} has ${candidates.length} files of rows.`,
      {
        field: "dataFile",
        hint: `Say which one: ${candidates.slice(0, 10).join(", ")}.`,
      },
    );
  }
  return only;
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();
  } catch (cause) {
    throw new PreflightError("EVAL_DATA_MISSING", `Cannot read ${folder}.`, {
      field: "data",
      file: folder,
      cause,
    });
  }
}

function isInside(path: string): boolean {
  return !isAbsolute(path) && !path.split(/[\\/]/).includes("..");
}
