import { z } from "zod";

/** What is known of one code. Written in `docs/errors`; `errors.json` of this package is made of it. */
export const errorEntrySchema = z.object({
  code: z.string(),
  /** Exit codes of commands that end with it; none for what never ends one. */
  exits: z.array(z.number().int()),
  /** `warning`: told while work goes on; `finding`: listed in a result; `answer`: told to a client over HTTP. */
  also: z.array(z.enum(["warning", "finding", "answer"])),
  /** The packages that raise it, without their scope. */
  packages: z.array(z.string()),
  /** Page and heading, from the root of the repository. */
  page: z.string(),
  meaning: z.string(),
  causes: z.array(z.string()),
  remedies: z.array(z.string()),
});
export type ErrorEntry = z.output<typeof errorEntrySchema>;
