import { join } from "node:path";
import { parseRowRange, promptOf, readRows } from "@moonlight-rl/dataset";
import type { Artifact } from "@moonlight-rl/pipeline";
import { findDataFile } from "../data/data-file.ts";
import type { Problem } from "../data/problem.ts";
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
  for await (const row of readRows(path, { range: range.rows, signal })) {
    const prompt = promptOf(row, inputKey);
    for (const overlap of overlaps) overlap.see(prompt);
  }
  return overlaps.map((overlap) => overlap.result());
}
