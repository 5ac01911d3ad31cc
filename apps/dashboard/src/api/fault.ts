import { z } from "zod";

/** The body of every answer that is not 2xx: 400 bad request, 401 token, 403 host, 404 not there, 405 method, 500 unreadable file. */
export const faultSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional(),
    field: z.string().optional(),
  }),
});
export type Fault = z.output<typeof faultSchema>;

/** What ended a run or a stage. */
export const causeSchema = z.object({
  code: z.string(),
  message: z.string(),
  hint: z.string().optional(),
});
