import { join } from "node:path";
import { throwIfAborted } from "@moonlight-rl/core";
import type { Artifact } from "@moonlight-rl/pipeline";
import { findDataFile } from "../data/data-file.ts";
import { readDataRows } from "../data/data-rows.ts";
import { promptOf, type Problem } from "../data/problem.ts";
import { parseRowRange } from "../data/row-range.ts";
import { TrainingOverlap, type Overlap } from "./training-overlap.ts";

export interface TrainingData {
  readonly data: Artifact<"hf-dataset">;
  /** Default: the artifact's own, else the only file. */
  readonly file: string | undefined;
  readonly inputKey: string;
}

/** Looks for the problems of several sets in the training prompts, which are read once. */
export async function checkTrainingData(
  { data, file, inputKey }: TrainingData,
  sets: readonly (readonly Problem[])[],
  signal: AbortSignal,
): Promise<Overlap[]> {
  const fromMeta = data.meta["dataFile"];
  const wanted = file ?? (typeof fromMeta === "string" ? fromMeta : undefined);
  const range = parseRowRange(wanted ?? "");
  const name = await findDataFile(data.path, wanted === undefined ? undefined : range.file);
  const path = join(data.path, name);
  const overlaps = sets.map((problems) => new TrainingOverlap(problems));
  for await (const row of readDataRows(path, range.rows)) {
    throwIfAborted(signal);
    const prompt = promptOf(row, inputKey, path);
    for (const overlap of overlaps) overlap.see(prompt);
  }
  return overlaps.map((overlap) => overlap.result());
}
