import { invalidRow, type Row as DataRow } from "@moonlight-rl/dataset";
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

/** Validates a row. Errors: `DATASET_ROW_INVALID` with the place and the field. */
export function checkRow({ value, place }: DataRow): Row {
  const result = rowSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") ?? "";
  throw invalidRow(
    place,
    `is no row of prompts: ${field === "" ? "" : `${field}: `}${issue?.message ?? "invalid"}`,
    {
      ...(field === "" ? {} : { field }),
      cause: result.error,
    },
  );
}
