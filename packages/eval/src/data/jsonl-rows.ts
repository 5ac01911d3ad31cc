import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { PreflightError } from "@moonlight-rl/core";
import { invalidRow, type Row } from "./row.ts";

/** A line longer than this is not a row but a broken file. */
const MAX_LINE = 16 << 20;

/**
 * The rows of a file with one JSON object a line. Blank lines are skipped; a line that is no object is an error that names it
 * (the reference drops it silently).
 */
export async function* readJsonlRows(file: string, longest = MAX_LINE): AsyncGenerator<Row> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line++;
    if (text.trim() === "") continue;
    const place = `line ${line}`;
    if (text.length > longest) throw invalidRow(file, place, `is longer than ${longest >> 20} MB`);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw invalidRow(file, place, `is not JSON: ${(cause as Error).message}`, undefined, cause);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw invalidRow(file, place, "is not an object");
    }
    yield { value: value as Row["value"], place };
  }
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
