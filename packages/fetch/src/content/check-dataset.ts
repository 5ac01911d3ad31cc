import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { throwIfAborted, VerificationError } from "@moonlight-rl/core";
import { z } from "zod";

const text = z.string().min(1);
const rowSchema = z.looseObject({
  prompt: z.union([text, z.array(z.looseObject({ role: text, content: z.string() })).min(1)], {
    error: "expected text or a list of messages with role and content",
  }),
  label: z.union([text, z.number(), z.boolean()], { error: "expected a label" }),
});

/** Every line is a row with `prompt` and `label`; returns how many. Errors: `DATASET_ROW_INVALID`, `DATASET_EMPTY`. */
export async function countRows(file: string, signal: AbortSignal): Promise<number> {
  const lines = createInterface({
    input: createReadStream(file, { encoding: "utf8" }),
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let rows = 0;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    throwIfAborted(signal);
    checkRow(line, number, file);
    rows++;
  }
  if (rows > 0) return rows;
  throw new VerificationError("DATASET_EMPTY", `${file} has no rows.`, { file });
}

function checkRow(line: string, number: number, file: string): void {
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch (cause) {
    throw invalid(file, number, (cause as Error).message, undefined, cause);
  }
  const result = rowSchema.safeParse(row);
  if (result.success) return;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") || undefined;
  throw invalid(file, number, issue?.message ?? "invalid", field, result.error);
}

function invalid(
  file: string,
  line: number,
  why: string,
  field: string | undefined,
  cause: unknown,
): VerificationError {
  return new VerificationError(
    "DATASET_ROW_INVALID",
    `${file}, line ${line}: ${field === undefined ? "" : `${field}: `}${why}`,
    {
      file,
      cause,
      ...(field === undefined ? {} : { field }),
      hint: 'A row looks like {"prompt": [{"role": "user", "content": "…"}], "label": "42"}.',
    },
  );
}
