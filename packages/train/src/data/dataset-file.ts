import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import { closest, PreflightError, UsageError } from "@moonlight-rl/core";
import { DATA_FILE, parseRowRange } from "@moonlight-rl/dataset";
import type { BackendName } from "../backend/load-backend.ts";

/**
 * A file that the recipe names within a dataset folder. Recipes for miles name it as launch scripts need it, by its path on
 * the nodes and perhaps with a slice (`/root/dapo/dapo.jsonl@[0:64]`): there the file's own name counts.
 */
export async function datasetFile(
  folder: string,
  path: string,
  field: string,
  backend: BackendName,
): Promise<string> {
  const name = backend === "miles" ? basename(path.replace(/@\[[^\]]*\]$/, "")) : path;
  if (isAbsolute(name) || name.split(/[\\/]/).includes("..")) {
    throw new UsageError(
      "TRAIN_DATA_OUTSIDE",
      `${field} is ${name}, which is not inside the dataset.`,
      { field, hint: "Name the file relative to the dataset's folder." },
    );
  }
  const file = join(folder, name);
  if (existsSync(parseRowRange(file).file)) return file;
  const files = (await readdir(folder)).filter((entry) => DATA_FILE.test(entry));
  const suggestion = closest(name, files) ?? (files.length === 1 ? files[0] : undefined);
  throw new PreflightError("TRAIN_DATA_MISSING", `The dataset in ${folder} has no file ${name}.`, {
    field,
    file,
    hint:
      suggestion === undefined
        ? `It has: ${files.slice(0, 10).join(", ") || "no .jsonl or .parquet file"}.`
        : `Use --set ${field}=${suggestion} when the recipe is made.`,
  });
}
