import { z } from "zod";
import { orderQuery, pageOf, pageQuery, wholeNumber } from "./page.ts";
import { outcomeCounts } from "./rollouts.ts";

const ends = z.object({ low: z.number(), high: z.number() });

const setShape = {
  name: z.string(),
  /** Share of right samples, and its 95 % interval over problems. */
  accuracy: z.number(),
  interval: ends,
  /** avg@n, pass@k, maj@k, cons@k by name. */
  figures: z.record(z.string(), ends.extend({ mean: z.number() })),
  passAtK: z.record(z.string(), z.number()),
  outcomes: z.record(z.string(), z.number()),
  closedShare: z.number(),
  truncatedShare: z.number(),
  problems: z.int(),
  samples: z.int(),
  samplesPerProblem: z.int(),
  responseLength: z.object({
    unit: z.string(),
    mean: z.number(),
    median: z.number(),
    p95: z.number(),
    max: z.number(),
  }),
  settings: z.record(z.string(), z.json()),
  /** Paired with the baseline of the evaluation. */
  comparison: z
    .object({
      difference: z.number(),
      interval: ends,
      pValue: z.number(),
      test: z.string(),
      minimumDetectable: z.number().nullable(),
      better: z.int(),
      worse: z.int(),
      same: z.int(),
      baselineDigest: z.string(),
    })
    .optional(),
};

/** GET /api/runs/:run/evals: results of the evaluation stages. Evaluations during training are curves named eval/…. */
export const evalsSchema = z.object({
  evals: z.array(
    z.object({
      /** Id of the stage call. */
      stage: z.string(),
      /** Of its eval-result artifact: see /api/artifacts/:digest. */
      digest: z.string(),
      model: z.string(),
      sets: z.array(z.object(setShape)),
    }),
  ),
});
export type EvalsAnswer = z.output<typeof evalsSchema>;
export type EvalSet = EvalsAnswer["evals"][number]["sets"][number];

/** GET /api/runs/:run/evals/:stage/:set/problems */
export const problemsQuery = pageQuery.extend({
  sort: z.enum(["problem", "correct", "difference"]).default("problem"),
  order: orderQuery.default("asc"),
});
export const problemsSchema = pageOf(
  z.object({
    problem: z.int(),
    /** Its first 300 characters. */
    question: z.string(),
    label: z.string(),
    n: z.int(),
    correct: z.int(),
    /** Of the baseline; absent without one. */
    baseline: z.object({ n: z.int(), correct: z.int() }).optional(),
    outcomes: outcomeCounts,
  }),
);
export type ProblemsAnswer = z.output<typeof problemsSchema>;

/** GET /api/runs/:run/evals/:stage/:set/samples */
export const evalSamplesQuery = pageQuery.extend({
  problem: wholeNumber.optional(),
  outcome: z.string().max(40).optional(),
});
export const evalSamplesSchema = pageOf(
  z.object({
    problem: z.int(),
    sample: z.int(),
    /** The user's words within the prompt. */
    question: z.string(),
    /** As the model got it. */
    prompt: z.string(),
    response: z.string(),
    reasoning: z.string().optional(),
    tokens: z.int().nullable(),
    truncated: z.boolean(),
    label: z.string(),
    reward: z.number(),
    outcome: z.string(),
    extracted: z.string().nullable(),
    span: z.object({ start: z.int(), end: z.int() }).optional(),
  }),
);
export type EvalSamplesAnswer = z.output<typeof evalSamplesSchema>;
