import { z } from "zod";
import { OUTCOMES } from "../result/graded-sample.ts";

/** What the grader said of an answer, as a line of the journal. */
export const recordedGradeSchema = z.object({
  problem: z.int().nonnegative(),
  sample: z.int().nonnegative(),
  reward: z.number(),
  outcome: z.enum(OUTCOMES),
  extracted: z.string().nullable(),
});
export type RecordedGrade = z.output<typeof recordedGradeSchema>;
