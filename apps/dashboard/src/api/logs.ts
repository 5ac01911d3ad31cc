import { z } from "zod";
import { pageOf, pageQuery } from "./page.ts";

/** GET /api/runs/:run/logs: what happened, for people. Metrics, samples and progress are not in it. */
export const logsQuery = pageQuery.extend({
  stage: z.string().max(80).optional(),
  level: z.enum(["info", "warning", "error"]).optional(),
  /** Part of the message, without case. */
  search: z.string().max(200).optional(),
  /** true: the last `limit` lines; `offset` of the answer says which those are. */
  tail: z.enum(["true", "false"]).default("false"),
});
export const logsSchema = pageOf(
  z.object({
    time: z.iso.datetime(),
    stage: z.string().optional(),
    level: z.enum(["info", "warning", "error"]),
    code: z.string().optional(),
    message: z.string(),
    hint: z.string().optional(),
  }),
);
export type LogsAnswer = z.output<typeof logsSchema>;

/** GET /api/runs/:run/alarms: warnings and failures, equal ones together, the newest first. */
export const alarmsSchema = z.object({
  alarms: z.array(
    z.object({
      code: z.string(),
      level: z.enum(["warning", "error"]),
      message: z.string(),
      hint: z.string().optional(),
      stage: z.string().optional(),
      count: z.int(),
      first: z.iso.datetime(),
      last: z.iso.datetime(),
    }),
  ),
});
export type AlarmsAnswer = z.output<typeof alarmsSchema>;
