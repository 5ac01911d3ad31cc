import { digestOf, UsageError, type Json } from "@moonlight-rl/core";
import { z } from "zod";
import { readDataRows } from "./data-rows.ts";
import { ALL_ROWS, type RowRange } from "./row-range.ts";
import { fieldOf, invalidRow, type Row } from "./row.ts";

const messageSchema = z.looseObject({ role: z.string(), content: z.string() });
export type Message = z.output<typeof messageSchema>;

/** A problem of an evaluation set. */
export interface Problem {
  /** Position within the set, from 0. */
  readonly index: number;
  /** Number of its row in the file, from 0: the same whichever slice of the file the set is. */
  readonly row: number;
  readonly prompt: string | readonly Message[];
  readonly label: Json;
  /** What its row says beside the label, for the grader. */
  readonly metadata?: Json;
  /** Identity of prompt and label: what makes two results comparable. */
  readonly digest: string;
}

export interface ProblemKeys {
  readonly inputKey: string;
  readonly labelKey: string;
  /** Default "metadata". */
  readonly metadataKey?: string | undefined;
}

/**
 * Reads the problems of a data file in order. Unknown fields are ignored; a row that lacks prompt or label is an error that
 * names it (the reference drops it silently).
 */
export async function readProblems(
  file: string,
  keys: ProblemKeys,
  rows: RowRange = ALL_ROWS,
): Promise<Problem[]> {
  const problems: Problem[] = [];
  for await (const row of readDataRows(file, rows)) {
    const prompt = promptOf(row, keys.inputKey, file);
    const label = labelOf(row, keys.labelKey, file);
    const metadata = metadataOf(row, keys);
    problems.push(makeProblem(problems.length, row.number, prompt, label, metadata));
  }
  if (problems.length === 0) {
    const which = rows === ALL_ROWS ? "no rows" : `no rows from ${rows.start} on`;
    throw new UsageError("EVAL_DATA_INVALID", `${file} has ${which}.`, { file });
  }
  return problems;
}

export function makeProblem(
  index: number,
  row: number,
  prompt: Problem["prompt"],
  label: Json,
  metadata?: Json,
): Problem {
  const digest = digestOf({ prompt, label });
  return { index, row, prompt, label, digest, ...(metadata !== undefined && { metadata }) };
}

/** Anything but an object counts as none, as in the reference. */
export function metadataOf(row: Row, { metadataKey = "metadata" }: ProblemKeys): Json | undefined {
  const metadata = z.record(z.string(), z.json()).safeParse(fieldOf(row, metadataKey));
  return metadata.success ? metadata.data : undefined;
}

/** The prompt of a row: a text, or a list of messages. */
export function promptOf(row: Row, key: string, file: string): Problem["prompt"] {
  const value = fieldOf(row, key);
  if (typeof value === "string" && value !== "") return value;
  if (value === undefined) throw invalidRow(file, row.place, `has no "${key}"`, key);
  const messages = z.array(messageSchema).min(1).safeParse(value);
  if (messages.success) return messages.data;
  throw invalidRow(file, row.place, `"${key}" is neither a text nor a list of messages`, key);
}

export function labelOf(row: Row, key: string, file: string): Json {
  const value = fieldOf(row, key);
  if (value === undefined || value === null || value === "") {
    throw invalidRow(file, row.place, `has no "${key}", so no response could be right`, key);
  }
  return value as Json;
}
