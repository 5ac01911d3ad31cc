import type { TokenSequence } from "./types.ts";

/** One row of a micro-batch: a prompt, and the responses of one or more samples that share it. */
export interface PackedRow {
  readonly prompt: readonly number[];
  /** Indices of the samples whose responses follow. */
  readonly samples: readonly number[];
  /** Tokens of the row. */
  readonly length: number;
}

/** Rows of about equal length that run together. */
export interface MicroBatch {
  readonly rows: readonly PackedRow[];
  /** Length that every row is padded to. */
  readonly length: number;
}

/**
 * Rows longer than this are not extended by further samples of the prompt: attention costs grow with the row, while the
 * saving by sharing a prompt does not.
 */
const MAX_SHARED_ROW = 96;

/**
 * Packs samples so that each prompt is computed once for many of its responses, and splits the rows in micro-batches of
 * at most `maxTokens` padded tokens (a longer row gets its own). A function of the input alone.
 */
export function packSequences(
  samples: readonly TokenSequence[],
  maxTokens: number,
): readonly MicroBatch[] {
  const rows = packRows(samples).toSorted((a, b) => b.length - a.length);
  const batches: MicroBatch[] = [];
  let current: PackedRow[] = [];
  for (const row of rows) {
    const length = current[0]?.length ?? row.length;
    if (current.length > 0 && (current.length + 1) * length > maxTokens) {
      batches.push({ rows: current, length });
      current = [];
    }
    current.push(row);
  }
  if (current[0] !== undefined) batches.push({ rows: current, length: current[0].length });
  return batches;
}

/** Micro-batches of so many consecutive samples each, which share prompts as above; the counts must sum to all samples. */
export function packConsecutive(
  samples: readonly TokenSequence[],
  counts: readonly number[],
): readonly MicroBatch[] {
  let begin = 0;
  const batches = counts.flatMap((count) => {
    const first = begin;
    begin += count;
    return packSequences(samples.slice(first, begin), Infinity).map(({ rows, length }) => ({
      rows: rows.map((row) => ({ ...row, samples: row.samples.map((index) => first + index) })),
      length,
    }));
  });
  if (begin !== samples.length) throw new Error(`${begin} of ${samples.length} samples are packed`);
  return batches;
}

function packRows(samples: readonly TokenSequence[]): PackedRow[] {
  const rows: { prompt: readonly number[]; samples: number[]; length: number }[] = [];
  const open = new Map<string, (typeof rows)[number]>();
  samples.forEach(({ tokens, promptLength }, index) => {
    const prompt = tokens.slice(0, promptLength);
    // The last token is predicted but predicts nothing, so it is no input.
    const added = tokens.length - promptLength - 1;
    const key = prompt.join(",");
    const row = open.get(key);
    if (row !== undefined && row.length + added <= MAX_SHARED_ROW) {
      row.samples.push(index);
      row.length += added;
      return;
    }
    const fresh = { prompt, samples: [index], length: promptLength + added };
    rows.push(fresh);
    open.set(key, fresh);
  });
  return rows;
}
