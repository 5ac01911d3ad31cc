import { z } from "zod";

/** GET /api/compare?a=RUN&b=RUN */
export const compareQuery = z.object({ a: z.string().max(80), b: z.string().max(80) });

const causeSchema = z.object({
  stage: z.string(),
  /**
   * recipe: a field of the recipe · input: another value of a stage's input · data: what was fetched, or an artifact from outside ·
   * code: a package · environment: equal work with another result, so chance or the machine · missing: only one run got that far.
   */
  kind: z.enum(["recipe", "input", "data", "code", "environment", "missing"]),
  /** Field, package or output. */
  what: z.string(),
  a: z.string().optional(),
  b: z.string().optional(),
  /** Of a recipe field: which layers set it, "profile tiny → --set seed=3". */
  source: z.string().optional(),
});

const accuracy = z.object({ accuracy: z.number(), low: z.number(), high: z.number() });

export const compareSchema = z.object({
  a: z.string(),
  b: z.string(),
  /** The first cause in the order of the stages; absent: nothing that runs record differs. */
  first: causeSchema.optional(),
  causes: z.array(causeSchema),
  /** same: equal work · follows: only what came from an earlier stage differs · differs: has causes of its own. */
  stages: z.array(
    z.object({
      id: z.string(),
      state: z.enum(["same", "follows", "differs"]),
      secondsA: z.number().optional(),
      secondsB: z.number().optional(),
    }),
  ),
  environment: z.array(
    z.object({ what: z.string(), a: z.string().optional(), b: z.string().optional() }),
  ),
  /** Last values of curves that both have. */
  metrics: z.array(
    z.object({ name: z.string(), a: z.number().nullable(), b: z.number().nullable() }),
  ),
  evals: z.array(z.object({ stage: z.string(), set: z.string(), a: accuracy, b: accuracy })),
});
export type CompareAnswer = z.output<typeof compareSchema>;
