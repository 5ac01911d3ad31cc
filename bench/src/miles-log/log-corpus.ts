import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const RECORDED = fileURLToPath(
  new URL("../../../packages/miles/golden/logs/run.txt", import.meta.url),
);
/** Lines of an engine between two runs of the recorded log: eight for each line of those. */
const ENGINE_LINES = 1500;

/** A piece of log that is read again and again. */
export interface Corpus {
  readonly bytes: Buffer;
  readonly lines: number;
}

/** What the reference's own logging functions wrote on a Ray cluster: nearly every line has a meaning. */
export function recordedCorpus(): Corpus {
  const bytes = readFileSync(RECORDED);
  return { bytes, lines: lineCount(bytes) };
}

/**
 * A job's log as it is in training: the recorded lines among the engines' reports of each batch, which are most of it.
 * The latter follow the form that SGLang 0.5 prints; only the numbers are ours.
 */
export function jobCorpus(): Corpus {
  const engine = Buffer.from(
    Array.from({ length: ENGINE_LINES }, (_, i) => engineLine(i)).join(""),
  );
  const bytes = Buffer.concat([readFileSync(RECORDED), engine]);
  return { bytes, lines: lineCount(bytes) };
}

function engineLine(index: number): string {
  // Four engines, whose lines come in small batches.
  const pid = 2000 + ((index >> 2) % 4);
  const second = String(index % 60).padStart(2, "0");
  return `\u001B[36m(SGLangEngine pid=${pid})\u001B[0m [2026-08-11 12:00:${second} TP0] Decode batch. #running-req: ${index % 512}, #token: ${12345 + index * 17}, token usage: 0.${index % 100}, cuda graph: True, gen throughput (token/s): ${8000 + index}.25, #queue-req: ${index % 7}, \n`;
}

function lineCount(bytes: Buffer): number {
  let count = 0;
  for (const byte of bytes) if (byte === 0x0a) count++;
  return count;
}
