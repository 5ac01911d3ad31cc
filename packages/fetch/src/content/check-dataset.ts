import { createHash } from "node:crypto";
import { basename } from "node:path";
import { VerificationError, type Emit } from "@moonlight-rl/core";
import { readRows } from "@moonlight-rl/dataset";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { LengthHistogram, type LengthSummary } from "./length-histogram.ts";
import { checkRow, type Row } from "./row.ts";

/** What was found in a dataset. */
export interface DatasetReport {
  readonly rows: number;
  /** Rows whose prompt an earlier row has, exactly. */
  readonly duplicates: number;
  /** Rows with the label 0, "" or false: the reference's math grader scores every answer to them as wrong. */
  readonly falsyLabels: number;
  /** Lengths of prompts in tokens, as the chat template renders them; absent without a tokenizer. */
  readonly promptTokens?: LengthSummary;
}

export interface DatasetCheckOptions {
  readonly signal: AbortSignal;
  readonly emit: Emit;
  readonly tokenizer?: Tokenizer | undefined;
  /** Gets each row, in order. */
  readonly onRow?: (row: Row) => void | Promise<void>;
}

/** Progress is told after so many rows. */
const STEP = 2_000;

/**
 * Reads every row of data files (JSON lines or Parquet, by their names): each must have `prompt` and `label`. About 80 bytes are
 * kept for each different prompt.
 *
 * Errors: `DATASET_ROW_INVALID`, `DATASET_EMPTY`, `DATASET_LINE_TOO_LONG`, `DATASET_ENCODING`, `DATASET_PARQUET`.
 */
export async function checkDataset(
  files: readonly string[],
  options: DatasetCheckOptions,
): Promise<DatasetReport> {
  const { signal, emit, tokenizer, onRow } = options;
  const prompts = new Set<string>();
  const lengths = new LengthHistogram();
  let rows = 0;
  let falsyLabels = 0;
  const task = `check ${basename(files[0] ?? "")}`;
  for (const file of files) {
    for await (const found of readRows(file, { signal })) {
      const row = checkRow(found);
      rows++;
      prompts.add(fingerprint(row));
      if (isFalsy(row.label)) falsyLabels++;
      if (tokenizer !== undefined) lengths.add(tokensOf(tokenizer, row));
      await onRow?.(row);
      if (rows % STEP === 0) emit({ type: "progress", task, done: rows, unit: "rows" });
    }
  }
  const file = files[0] ?? "";
  if (rows === 0) throw new VerificationError("DATASET_EMPTY", `${file} has no rows.`, { file });
  emit({ type: "progress", task, done: rows, total: rows, unit: "rows" });
  const promptTokens = lengths.summary();
  const report = { rows, duplicates: rows - prompts.size, falsyLabels };
  return promptTokens === undefined ? report : { ...report, promptTokens };
}

/** As Python's truth has it, which the reference's grader asks: "0" is a label like any other, 0 is none. */
function isFalsy(label: Row["label"]): boolean {
  return label === 0 || label === "" || label === false;
}

/** 96 bits: among a million prompts, two different ones agree with a chance of 1 in 10^16. */
function fingerprint({ prompt }: Row): string {
  return createHash("sha256").update(JSON.stringify(prompt)).digest().toString("latin1", 0, 12);
}

/** A text is counted as it is, and a conversation as the model will see it. */
function tokensOf(tokenizer: Tokenizer, { prompt }: Row): number {
  return typeof prompt === "string"
    ? tokenizer.encode(prompt).length
    : tokenizer.encodeChat(prompt).length;
}
