import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { PreflightError, UsageError } from "@moonlight-rl/core";
import type { z } from "zod";

/**
 * The cases of a `.jsonl` or `.jsonl.gz` file, one a line, validated; in bounded memory.
 *
 * Errors: `FILE_UNREADABLE`, `CASE_INVALID` (names the line).
 */
export async function* readCases<S extends z.ZodType>(
  file: string,
  schema: S,
): AsyncGenerator<z.output<S>> {
  let number = 0;
  const raw = createReadStream(file);
  const text = file.endsWith(".gz") ? raw.pipe(createGunzip()) : raw;
  const failed = new Promise<never>((_, reject) => {
    for (const stream of [raw, text]) stream.once("error", reject);
  });
  const lines = createInterface({ input: text, crlfDelay: Number.POSITIVE_INFINITY })[
    Symbol.asyncIterator
  ]();
  for (;;) {
    const next = await Promise.race([lines.next(), failed]).catch((cause: unknown) => {
      throw new PreflightError("FILE_UNREADABLE", `Cannot read ${file}: ${String(cause)}`, {
        file,
        cause,
      });
    });
    if (next.done === true) return;
    number++;
    if (next.value.trim() !== "") yield parse(next.value, number, file, schema);
  }
}

function parse<S extends z.ZodType>(
  line: string,
  number: number,
  file: string,
  schema: S,
): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (cause) {
    throw new UsageError("CASE_INVALID", `${file}:${number} is not JSON`, { file, cause });
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new UsageError(
    "CASE_INVALID",
    `${file}:${number}: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`,
    { file, field: issue?.path.join(".") ?? "", cause: result.error },
  );
}
