import { VerificationError } from "@moonlight-rl/core";
import { z } from "zod";

const text = z.string().min(1);
const rowSchema = z.looseObject({
  prompt: z.union([text, z.array(z.looseObject({ role: text, content: z.string() })).min(1)], {
    error: "expected text or a list of messages with role and content",
  }),
  label: z.union([z.string(), z.number(), z.boolean()], { error: "expected a label" }),
});

/** A row of a dataset that has what training and evaluation need. */
export type Row = z.output<typeof rowSchema>;

/** Where a row is, for error messages: "line 12". */
export interface RowPlace {
  readonly file: string;
  readonly place: string;
  readonly byteOffset?: number;
}

/** Validates a row. Errors: `DATASET_ROW_INVALID` with the place and the field. */
export function checkRow(value: unknown, place: RowPlace): Row {
  const result = rowSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") || undefined;
  const why = `${field === undefined ? "" : `${field}: `}${issue?.message ?? "invalid"}`;
  throw invalidRow(place, why, result.error, field);
}

export function invalidRow(
  { file, place, byteOffset }: RowPlace,
  why: string,
  cause: unknown,
  field?: string,
): VerificationError {
  return new VerificationError("DATASET_ROW_INVALID", `${file}, ${place}: ${why}`, {
    file,
    cause,
    ...(field === undefined ? {} : { field }),
    ...(byteOffset === undefined ? {} : { byteOffset }),
    hint: 'A row looks like {"prompt": [{"role": "user", "content": "…"}], "label": "42"}.',
  });
}
