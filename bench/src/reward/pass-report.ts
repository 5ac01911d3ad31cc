import { z } from "zod";

/** One pass of a grader over all pairs. */
export const passReportSchema = z.object({
  pairs: z.int(),
  /** Of processor time, collector and compiler included. */
  seconds: z.number(),
  /** Milliseconds within which 99 % of the pairs were graded. */
  p99Ms: z.number(),
  /** Identities of pairs that were given up. */
  slow: z.array(z.int()),
});
export type PassReport = z.output<typeof passReportSchema>;
