import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { PreflightError, UsageError, type Json } from "@moonlight-rl/core";
import { z } from "zod";
import { chatMessageSchema, type ChatMessage } from "./chat.ts";

/** A row of a prompt file. */
export interface PromptRow {
  /** Position in the file, from 0. */
  readonly index: number;
  /** A text, or a conversation for the chat template. */
  readonly prompt: string | readonly ChatMessage[];
  readonly label: Json;
  /** What the row says beside it, where `metadataKey` names it. */
  readonly metadata?: Json;
}

/** Which keys of a row hold prompt and label. */
export interface PromptKeys {
  readonly inputKey: string;
  readonly labelKey: string;
  /** Key of what a grader may want to know beside the label. */
  readonly metadataKey?: string;
}

/** A line longer than this is not a row but a broken file. */
const MAX_LINE = 16 << 20;

/**
 * Reads the rows of a .jsonl file in order. Blank lines are skipped and unknown keys ignored; a line that is not JSON or lacks
 * prompt or label is a `DATA_INVALID` that names the line (the reference drops such a line silently).
 */
export async function readPromptRows(file: string, keys: PromptKeys): Promise<PromptRow[]> {
  const rows: PromptRow[] = [];
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() !== "") rows.push({ index: rows.length, ...parseRow(text, keys, file, line) });
  }
  if (rows.length === 0) throw new UsageError("DATA_INVALID", `${file} has no rows.`, { file });
  return rows;
}

function parseRow(
  text: string,
  keys: PromptKeys,
  file: string,
  line: number,
): Omit<PromptRow, "index"> {
  const invalid = (what: string, field?: string): UsageError =>
    new UsageError("DATA_INVALID", `${file}: line ${line} ${what}.`, {
      file,
      field: `line ${line}${field === undefined ? "" : `: ${field}`}`,
    });
  if (text.length > MAX_LINE) throw invalid("is longer than 16 MB");
  const row = jsonObject(text);
  if (row === undefined) throw invalid("is not a JSON object");
  const prompt = promptSchema.safeParse(row[keys.inputKey]);
  if (!prompt.success)
    throw invalid(
      row[keys.inputKey] === undefined
        ? `has no "${keys.inputKey}"`
        : `"${keys.inputKey}" is neither a text nor a list of messages`,
      keys.inputKey,
    );
  const label = row[keys.labelKey];
  if (label === undefined || label === null || label === "")
    throw invalid(`has no "${keys.labelKey}", so no response could be right`, keys.labelKey);
  const metadata = keys.metadataKey === undefined ? undefined : row[keys.metadataKey];
  return { prompt: prompt.data, label, ...(metadata === undefined ? {} : { metadata }) };
}

const promptSchema = z.union([z.string().min(1), z.array(chatMessageSchema).min(1)]);
const objectSchema = z.record(z.string(), z.json());

function jsonObject(text: string): Record<string, Json> | undefined {
  try {
    return objectSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new PreflightError("DATA_MISSING", `Cannot read ${file}.`, { file, cause });
  } finally {
    input.destroy();
  }
}
