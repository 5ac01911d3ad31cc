import { z } from "zod";

/** GET /api/runs/:run/recipe?against=RUN */
export const recipeQuery = z.object({ against: z.string().max(80).optional() });

export const recipeSchema = z.object({
  /** null: the run has not made its recipe yet. */
  digest: z.string().nullable(),
  fields: z.array(
    z.object({
      /** Dotted: "rollout.nSamplesPerPrompt". */
      field: z.string(),
      value: z.json(),
      /** Which layer set it: "profile tiny", "--set", a file. */
      source: z.string(),
      /** With `against`, where it differs; `value` absent: the other has no such field. */
      other: z.object({ value: z.json().optional(), source: z.string() }).optional(),
    }),
  ),
  /** Fields that only the other run has. */
  missing: z.array(z.object({ field: z.string(), value: z.json(), source: z.string() })),
});
export type RecipeAnswer = z.output<typeof recipeSchema>;
