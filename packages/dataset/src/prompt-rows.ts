import { VerificationError, type Json } from "@moonlight-rl/core";
import { z } from "zod";
import { readRows, type ReadRowsOptions } from "./read-rows.ts";
import { fieldOf, invalidRow, type Row } from "./row.ts";

const messageSchema = z.looseObject({ role: z.string(), content: z.string() });
const messagesSchema = z.array(messageSchema).min(1).readonly();

/** One message of a conversation. */
export type RowMessage = z.output<typeof messageSchema>;

/** A text, or a conversation for the chat template. */
export type RowPrompt = string | z.output<typeof messagesSchema>;

/** A row of a prompt file. */
export interface PromptRow {
  /** Position among the rows that were read, from 0. */
  readonly index: number;
  /** Position in the file, from 0: the same whichever slice of the file is read. */
  readonly row: number;
  readonly prompt: RowPrompt;
  readonly label: Json;
  /** What the row says beside it, where `metadataKey` names it and it is an object. */
  readonly metadata?: Json;
}

/** Which keys of a row hold prompt and label. */
export interface PromptKeys {
  readonly inputKey: string;
  readonly labelKey: string;
  /** Key of what a grader may want to know beside the label. */
  readonly metadataKey?: string | undefined;
}

/**
 * Reads the prompts of a data file in order. Unknown keys are ignored; a row that lacks prompt or label is a
 * `DATASET_ROW_INVALID` that names it (the reference drops it silently), and a file without rows `DATASET_EMPTY`.
 */
export async function readPromptRows(
  file: string,
  keys: PromptKeys,
  options: ReadRowsOptions = {},
): Promise<PromptRow[]> {
  const rows: PromptRow[] = [];
  for await (const row of readRows(file, options)) {
    const prompt = promptOf(row, keys.inputKey);
    const label = labelOf(row, keys.labelKey);
    const metadata = metadataOf(row, keys.metadataKey);
    const found = { index: rows.length, row: row.number, prompt, label };
    rows.push(metadata === undefined ? found : { ...found, metadata });
  }
  if (rows.length > 0) return rows;
  const { start = 0 } = options.range ?? {};
  const which = start === 0 ? "no rows" : `no rows from ${start} on`;
  throw new VerificationError("DATASET_EMPTY", `${file} has ${which}.`, { file });
}

/** The prompt of a row. Errors: `DATASET_ROW_INVALID`. */
export function promptOf(row: Row, key: string): RowPrompt {
  const value = fieldOf(row, key);
  if (typeof value === "string" && value !== "") return value;
  if (value === undefined) throw invalidRow(row.place, `has no "${key}"`, { field: key });
  const messages = messagesSchema.safeParse(value);
  if (messages.success) return messages.data;
  throw invalidRow(row.place, `"${key}" is neither a text nor a list of messages`, { field: key });
}

/** The label of a row. Errors: `DATASET_ROW_INVALID`. */
export function labelOf(row: Row, key: string): Json {
  const value = fieldOf(row, key);
  if (value === undefined || value === null || value === "")
    throw invalidRow(row.place, `has no "${key}", so no response could be right`, { field: key });
  return value as Json;
}

/** Anything but an object counts as none, as in the reference. */
export function metadataOf(row: Row, key: string | undefined): Json | undefined {
  if (key === undefined) return undefined;
  return z.record(z.string(), z.json()).safeParse(fieldOf(row, key)).data;
}
