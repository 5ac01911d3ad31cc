import { z } from "zod";

/** One graded response of a run: a rollout that training showed, or an evaluation's sample. */
export const runSampleSchema = z.object({
  /** `<stage>/<number>`, from 0 in the order of the file. */
  id: z.string(),
  stage: z.string(),
  /** Rollout number; 0 for the evaluations beside training. */
  step: z.number(),
  /** Problem, and which of its samples. */
  group: z.number(),
  index: z.number(),
  prompt: z.string(),
  response: z.string(),
  label: z.string(),
  reward: z.number(),
  outcome: z.string(),
  truncated: z.boolean(),
  extracted: z.string().nullable().optional(),
  tokens: z.number().nullable().optional(),
});
export type RunSample = z.output<typeof runSampleSchema>;
