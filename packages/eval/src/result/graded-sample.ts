import { z } from "zod";

/** One response and what became of it: a row of samples.ndjson. */
export const gradedSampleSchema = z.object({
  /** Position of the problem in the data file, from 0. */
  problem: z.int().nonnegative(),
  /** Number of the sample within its problem, from 0. */
  sample: z.int().nonnegative(),
  prompt: z.string(),
  /** Text of the response without the token that ended it. */
  response: z.string(),
  /** Tokens of the response, the one that ended it included. */
  tokens: z.int().nonnegative(),
  /** Whether the response was cut off at the length limit. */
  truncated: z.boolean(),
  label: z.json(),
  reward: z.number(),
  outcome: z.enum(["correct", "wrong", "no_answer", "unparsable", "truncated"]),
  /** The answer as found in the response. */
  extracted: z.string().nullable(),
});

export type GradedSample = z.output<typeof gradedSampleSchema>;
