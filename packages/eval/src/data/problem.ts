import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { digestOf, PreflightError, UsageError, type Json } from "@moonlight-rl/core";
import { z } from "zod";

const messageSchema = z.looseObject({ role: z.string(), content: z.string() });
export type Message = z.output<typeof messageSchema>;

/** A row of an evaluation set. */
export interface Problem {
  /** Position in the file, from 0. */
  readonly index: number;
  readonly prompt: string | readonly Message[];
  readonly label: Json;
  /** Identity of prompt and label: what makes two results comparable. */
  readonly digest: string;
}

export interface ProblemKeys {
  readonly inputKey: string;
  readonly labelKey: string;
}

/** A line longer than this is not a problem but a broken file. */
const MAX_LINE = 16 << 20;

/**
 * Reads the problems of a .jsonl file in order. Blank lines are skipped and unknown fields ignored; a line
 * that is not JSON or lacks prompt or label is an error that names the line (the reference drops it silently).
 */
export async function readProblems(file: string, keys: ProblemKeys): Promise<Problem[]> {
  const problems: Problem[] = [];
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() === "") continue;
    if (text.length > MAX_LINE) throw invalid(file, line, "is longer than 16 MB");
    problems.push(parseProblem(text, problems.length, keys, { file, line }));
  }
  if (problems.length === 0) {
    throw new UsageError("EVAL_DATA_INVALID", `${file} has no rows.`, { file });
  }
  return problems;
}

interface Place {
  readonly file: string;
  readonly line: number;
}

function parseProblem(text: string, index: number, keys: ProblemKeys, place: Place): Problem {
  const { file, line } = place;
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (cause) {
    throw invalid(file, line, `is not JSON: ${(cause as Error).message}`, undefined, cause);
  }
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw invalid(file, line, "is not an object");
  }
  const prompt = promptOf(row, keys.inputKey, place);
  const label = labelOf(row, keys.labelKey, place);
  return { index, prompt, label, digest: digestOf({ prompt, label }) };
}

function promptOf(row: object, key: string, { file, line }: Place): Problem["prompt"] {
  const value = Object.hasOwn(row, key) ? (row as Record<string, unknown>)[key] : undefined;
  if (typeof value === "string" && value !== "") return value;
  if (value === undefined) throw invalid(file, line, `has no "${key}"`, key);
  const messages = z.array(messageSchema).min(1).safeParse(value);
  if (messages.success) return messages.data;
  throw invalid(file, line, `"${key}" is neither a text nor a list of messages`, key);
}

function labelOf(row: object, key: string, { file, line }: Place): Json {
  const value = Object.hasOwn(row, key) ? (row as Record<string, unknown>)[key] : undefined;
  if (value === undefined || value === null || value === "") {
    throw invalid(file, line, `has no "${key}", so no response could be right`, key);
  }
  return value as Json;
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const input = createReadStream(file);
  try {
    yield* createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    throw new PreflightError(
      "EVAL_DATA_MISSING",
      `Cannot read ${file}: ${(cause as Error).message}`,
      { file, cause },
    );
  } finally {
    input.destroy();
  }
}

function invalid(
  file: string,
  line: number,
  what: string,
  field?: string,
  cause?: unknown,
): UsageError {
  return new UsageError("EVAL_DATA_INVALID", `${file}: line ${line} ${what}.`, {
    file,
    ...(field === undefined ? {} : { field: `line ${line}: ${field}` }),
    ...(cause === undefined ? {} : { cause }),
  });
}
