import { digestOf, type Json } from "@moonlight-rl/core";
import {
  readPromptRows,
  type PromptKeys,
  type RowPrompt,
  type RowRange,
} from "@moonlight-rl/dataset";

/** A problem of an evaluation set. */
export interface Problem {
  /** Position within the set, from 0. */
  readonly index: number;
  /** Number of its row in the file, from 0: the same whichever slice of the file the set is. */
  readonly row: number;
  readonly prompt: RowPrompt;
  readonly label: Json;
  /** What its row says beside the label, for the grader. */
  readonly metadata?: Json;
  /** Identity of prompt and label: what makes two results comparable. */
  readonly digest: string;
}

/** Where the reference's evaluation looks for metadata. */
export const METADATA_KEY = "metadata";

/** Reads the problems of a data file in order. Errors: those of `readPromptRows`. */
export async function readProblems(
  file: string,
  { metadataKey = METADATA_KEY, ...keys }: PromptKeys,
  range?: RowRange,
): Promise<Problem[]> {
  const options = range === undefined ? {} : { range };
  const rows = await readPromptRows(file, { ...keys, metadataKey }, options);
  return rows.map(({ index, row, prompt, label, metadata }) =>
    makeProblem(index, row, prompt, label, metadata),
  );
}

/** A problem with its digest. */
export function makeProblem(
  index: number,
  row: number,
  prompt: RowPrompt,
  label: Json,
  metadata?: Json,
): Problem {
  const digest = digestOf({ prompt, label });
  return { index, row, prompt, label, digest, ...(metadata !== undefined && { metadata }) };
}
