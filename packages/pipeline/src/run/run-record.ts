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
  /** When the newest of its processes went on with it; absent until it is resumed. */
  resumed: z.iso.datetime().optional(),
  /** How long its processes were at it, all together, when the last of them ended; records of older versions lack it. */
  seconds: z.number().nonnegative().optional(),
  outputs: z.json().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), hint: z.string().optional() })
    .optional(),
});

/** `run.json`. */
export type RunRecord = z.output<typeof runRecordSchema>;

/** How long a run took, or has taken by `now`: the time between an interruption and going on is no part of it. Undefined: unknown. */
export function runSeconds(
  { started, finished, resumed, seconds }: RunRecord,
  now?: Date,
): number | undefined {
  const between = (from: string, to: number): number => Math.max(0, to - Date.parse(from)) / 1000;
  if (finished !== undefined) return seconds ?? between(started, Date.parse(finished));
  if (now === undefined) return undefined;
  return (seconds ?? 0) + between(resumed ?? started, now.getTime());
}
