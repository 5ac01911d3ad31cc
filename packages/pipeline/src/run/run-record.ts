import { z } from "zod";
import { environmentShape } from "./environment.ts";

export const runRecordSchema = z.object({
  contract: z.literal(1),
  id: z.string(),
  pipeline: z.string(),
  /** Without unkeyed fields, so without secrets. */
  params: z.record(z.string(), z.json()),
  ...environmentShape,
  /** What the user's configuration file says, and which file it was. */
  config: z.object({ file: z.string(), values: z.json() }).optional(),
  /** The run that this one repeats. */
  like: z.string().optional(),
  started: z.iso.datetime(),
  /** "running" in the file of a run that was killed; readers tell by its lock. */
  status: z.enum(["running", "ok", "failed", "interrupted"]),
  finished: z.iso.datetime().optional(),
  outputs: z.json().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
    .optional(),
});

/** `run.json`. */
export type RunRecord = z.output<typeof runRecordSchema>;
