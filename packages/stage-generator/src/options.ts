import { UsageError, validate } from "@moonlight-rl/core";
import { z } from "zod";

const optionsSchema = z.object({
  name: z
    .string()
    .max(64)
    .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "expected kebab-case: count-lines"),
  description: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .regex(/^[^\r\n]*$/, "expected one line")
    .default("Count the lines of data files: where a stage of your own begins."),
  directory: z
    .string()
    .regex(/^[a-z0-9_-]+(\/[a-z0-9_-]+)*$/i, "expected a folder within the workspace: packages")
    .default("packages"),
  scope: z
    .string()
    .regex(/^@[a-z0-9][a-z0-9-]*$/, "expected an npm scope: @acme")
    .optional(),
  skipInstall: z.boolean().default(false),
});

/** As they come from the command line; `schema.json` describes the same fields to Nx. */
export type StageOptions = z.input<typeof optionsSchema>;
export type ValidOptions = z.output<typeof optionsSchema>;

/** @throws UsageError `STAGE_OPTION_INVALID` with the field */
export function parseOptions(options: StageOptions): ValidOptions {
  return validate(optionsSchema, options, {
    what: "the generator's options",
    code: "STAGE_OPTION_INVALID",
  });
}

/** Refuses with what to do in the message itself: Nx prints nothing else of an error. */
export function refusal(code: string, field: string, message: string, hint: string): UsageError {
  return new UsageError(code, `${message} ${hint}`, { field, hint });
}
