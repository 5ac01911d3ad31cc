import { basename, extname } from "node:path/posix";
import { closest, PreflightError, UsageError } from "@moonlight-rl/core";
import type { RepoFile } from "@moonlight-rl/hub";
import type { Request } from "./request.ts";

/**
 * The data file of a dataset: the one named, the only one, or the one that is named like the repository. JSON Lines come
 * before Parquet, as exports have both.
 */
export function pickDataFile(request: Request, listing: readonly RepoFile[]): string {
  const { repo, dataFile: named } = request;
  const field = request.field === "promptData" ? "promptFile" : "evalFile";
  const names = listing.map((file) => file.path);
  if (named !== undefined) {
    if (names.includes(named)) return named;
    const near = closest(named, names);
    throw new UsageError("DATASET_FILE_MISSING", `Dataset ${repo} has no file ${named}.`, {
      field,
      hint: near === undefined ? `It has: ${some(names)}.` : `Did you mean "${near}"?`,
    });
  }
  const lines = names.filter((name) => name.endsWith(".jsonl"));
  const candidates = lines.length > 0 ? lines : names.filter((name) => name.endsWith(".parquet"));
  const [only] = candidates;
  if (only === undefined)
    throw new PreflightError(
      "DATASET_NO_DATA_FILE",
      `Dataset ${repo} has no .jsonl or .parquet file.`,
      {
        field: request.field,
        hint: `Rows are read from JSON Lines and Parquet; convert them and serve the folder with \`moonlight hub serve\`. It has: ${some(names)}.`,
      },
    );
  if (candidates.length === 1) return only;
  const like = candidates.filter((name) => basename(name, extname(name)) === basename(repo));
  const [same] = like;
  if (same !== undefined && like.length === 1) return same;
  throw new UsageError(
    "DATASET_FILE_AMBIGUOUS",
    `Dataset ${repo} has ${candidates.length} data files.`,
    { field, hint: `Say which one: ${some(candidates)}.` },
  );
}

function some(names: readonly string[]): string {
  if (names.length === 0) return "no files";
  return names.slice(0, 8).join(", ") + (names.length > 8 ? ", …" : "");
}
