import { z } from "zod";

/** GET /api/compare?a=RUN&b=RUN */
export const compareQuery = z.object({ a: z.string().max(80), b: z.string().max(80) });

const differenceSchema = z.object({
  /** In the order in which they act: data and recipe before code before environment. */
  cause: z.enum(["parameters", "data", "recipe", "code", "environment"]),
  /** Call of the stage in which it shows first. */
  stage: z.string().optional(),
  /** "rollout.seed", "code of @moonlight-rl/train", "node". */
  what: z.string(),
  a: z.string().optional(),
  b: z.string().optional(),
});

export const compareSchema = z.object({
  a: z.string(),
  b: z.string(),
  /** The first stage, in the order of A, whose key differs; absent: none does. */
  firstStage: z.string().optional(),
  /** The first cause; absent: the runs are the same. */
  first: differenceSchema.optional(),
  differences: z.array(differenceSchema),
  /** Last values of curves that both have, by name. */
  metrics: z.array(z.object({ name: z.string(), a: z.number(), b: z.number() })),
  evals: z.array(
    z.object({
      stage: z.string(),
      set: z.string(),
      a: z.object({ accuracy: z.number(), low: z.number(), high: z.number() }),
      b: z.object({ accuracy: z.number(), low: z.number(), high: z.number() }),
    }),
  ),
});
export type CompareAnswer = z.output<typeof compareSchema>;
