import { z } from "zod";

/** What became of a response, beside its reward: the classes of `@moonlight-rl/reward`. */
export const OUTCOMES = [
  "correct",
  "wrong",
  "no_answer",
  "unparsable",
  "truncated",
  "timed_out",
] as const;

/** One response and what became of it: a row of samples.ndjson. */
export const gradedSampleSchema = z.object({
  /** Position of the problem within the evaluated set, from 0. */
  problem: z.int().nonnegative(),
  /** Number of the sample within its problem, from 0. */
  sample: z.int().nonnegative(),
  prompt: z.string(),
  /** Text of the response without the token that ended it. */
  response: z.string(),
  /** What a server gave apart from the response as the model's reasoning; not graded. */
  reasoning: z.string().optional(),
  /** Tokens of the response, the one that ended it included; null where nobody counted. */
  tokens: z.int().nonnegative().nullable(),
  /** Whether the response was cut off at the length limit. */
  truncated: z.boolean(),
  /** Why it ended, in the word of whoever answered. */
  finishReason: z.string().optional(),
  label: z.json(),
  reward: z.number(),
  outcome: z.enum(OUTCOMES),
  /** The answer as found in the response. */
  extracted: z.string().nullable(),
});

export type GradedSample = z.output<typeof gradedSampleSchema>;

/**
 * Whether a response counts as right. The grader says so: a reward model or a grader of one's own may give more than 1 for it,
 * or less than 1.
 */
export function isRight({ outcome }: Pick<GradedSample, "outcome">): boolean {
  return outcome === "correct";
}

/** Whether an answer was found, right or wrong. */
export function hasAnswer({ outcome }: Pick<GradedSample, "outcome">): boolean {
  return outcome === "correct" || outcome === "wrong" || outcome === "unparsable";
}
