import { z } from "zod";

/** What a policy is asked: one sample of one problem. */
export interface SampleRequest {
  /** Position of the problem within the evaluated set, from 0. */
  readonly problem: number;
  /** Number of the sample within its problem, from 0. */
  readonly sample: number;
}

/** What came back, before it is graded. */
export const answerSchema = z.object({
  problem: z.int().nonnegative(),
  sample: z.int().nonnegative(),
  /** Text of the response without the token that ended it. */
  response: z.string(),
  /** What the server gave apart from the response as the model's reasoning; not graded. */
  reasoning: z.string().optional(),
  /** Tokens of the response, the one that ended it included; null where nobody counted. */
  tokens: z.int().nonnegative().nullable(),
  /** Whether the response was cut off at the length limit. */
  truncated: z.boolean(),
  /** Why it ended, in the word of whoever answered: "stop", "length", "content_filter"… */
  finishReason: z.string(),
});
export type Answer = z.output<typeof answerSchema>;
