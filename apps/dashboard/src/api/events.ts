import { z } from "zod";
import { wholeNumber } from "./page.ts";

const types = z.enum([
  "run.started",
  "run.finished",
  "stage.started",
  "stage.reused",
  "stage.finished",
  "stage.failed",
  "progress",
  "metric",
  "sample",
  "log",
  "warning",
]);

/**
 * GET /api/runs/:run/events: text/event-stream. Each message: `id` is the position after the event (a byte offset), `data` an
 * event of core's `eventSchema` as JSON; no `event:` field, so `onmessage` gets them. The header Last-Event-ID (or `from`) says
 * where to go on: neither lost nor doubled. A comment is sent every 15 s. `event: lost` with `{}` when the file was replaced by
 * another: load the page again.
 */
export const eventsQuery = z.object({
  /** A position; `end`: only what comes. */
  from: z.union([z.literal("end"), wholeNumber]).default(0),
  /** Only these, comma-separated. */
  types: z
    .string()
    .transform((text) => text.split(","))
    .pipe(z.array(types))
    .optional(),
});
