import { readFile } from "node:fs/promises";
import { z } from "zod";
import { PreflightError, UsageError, VerificationError, type ErrorDetails } from "./error.ts";
import { closest } from "./suggest.ts";

export interface ValidateOptions {
  /** What is being read, as it should appear in the message: "recipe", "config.json". */
  readonly what: string;
  /** Error code; default `INVALID_INPUT`. */
  readonly code?: string;
  readonly file?: string;
  /** It is content that a program wrote or a server answered, nobody's request: a fault is a `VerificationError`. */
  readonly content?: boolean;
  /**
   * Thousands of values pass: zod compiles the schema, which takes it milliseconds once and halves what each value costs.
   * A configuration is read once, and far quicker as it stands.
   */
  readonly many?: boolean;
}

/** Parses with zod at a border; the first issue becomes a `UsageError` (or, of content, a `VerificationError`) that names the field. */
export function validate<S extends z.ZodType>(
  schema: S,
  value: unknown,
  options: ValidateOptions,
): z.output<S> {
  const result = schema.safeParse(value, { jitless: options.many !== true });
  if (result.success) return result.data;
  const issues = result.error.issues;
  const issue = issues[0];
  const field = issue === undefined ? "" : fieldOf(issue);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = `${options.what}: ${field || "value"}: ${issue?.message ?? "invalid"}${more}`;
  const details: ErrorDetails = {
    field,
    ...(options.file === undefined ? {} : { file: options.file }),
    ...hintOf(schema, issue),
    cause: result.error,
  };
  if (options.content === true)
    throw new VerificationError(options.code ?? "INVALID_INPUT", message, details);
  throw new UsageError(options.code ?? "INVALID_INPUT", message, details);
}

/** Reads and validates a JSON file. A missing file is a `PreflightError`, broken JSON names the byte offset. */
export async function readJson<S extends z.ZodType>(
  path: string,
  schema: S,
  options: ValidateOptions,
): Promise<z.output<S>> {
  return validate(schema, await readJsonUnchecked(path, options.what), { ...options, file: path });
}

async function readJsonUnchecked(path: string, what: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    throw new PreflightError(
      "FILE_UNREADABLE",
      `${what}: cannot read ${path}: ${(cause as Error).message}`,
      { file: path, cause },
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const position = /position (\d+)/.exec((cause as Error).message)?.[1];
    throw new UsageError(
      "INVALID_JSON",
      `${what}: ${path} is not JSON: ${(cause as Error).message}`,
      {
        file: path,
        cause,
        ...(position === undefined
          ? {}
          : { byteOffset: Buffer.byteLength(text.slice(0, Number(position))) }),
      },
    );
  }
}

type Issue = z.core.$ZodIssue;

function fieldOf(issue: Issue): string {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys" && issue.keys[0] !== undefined) path.push(issue.keys[0]);
  return path.join(".");
}

function hintOf(schema: z.ZodType, issue: Issue | undefined): Pick<ErrorDetails, "hint"> {
  if (issue?.code !== "unrecognized_keys") return {};
  const known = keysAt(schema, issue.path);
  const suggestion = closest(issue.keys[0] ?? "", known);
  if (suggestion !== undefined) return { hint: `Did you mean "${suggestion}"?` };
  return known.length > 0 ? { hint: `Known keys: ${known.join(", ")}.` } : {};
}

function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at: unknown = schema;
  for (const key of [...path, undefined]) {
    while (
      at instanceof z.ZodOptional ||
      at instanceof z.ZodDefault ||
      at instanceof z.ZodNullable ||
      at instanceof z.ZodPrefault
    ) {
      at = at.unwrap();
    }
    if (!(at instanceof z.ZodObject)) return [];
    if (key === undefined) return Object.keys(at.shape);
    at = at.shape[String(key)];
  }
  return [];
}
