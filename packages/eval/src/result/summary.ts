import { z } from "zod";
import type { EvalResult } from "./result.ts";

const ends = z.object({ low: z.number(), high: z.number() });

const setSummarySchema = z.object({
  name: z.string(),
  accuracy: z.number(),
  /** 95 % interval of the accuracy. */
  interval: ends,
  meanReward: z.number(),
  passAtK: z.record(z.string(), z.number()),
  /** avg@n, pass@k, maj@k, cons@k by name. */
  figures: z.record(z.string(), ends.extend({ mean: z.number() })),
  closedShare: z.number(),
  truncatedShare: z.number(),
  repetitiveShare: z.number(),
  n: z.int(),
  problems: z.int(),
  comparison: z
    .object({
      difference: z.number(),
      interval: ends,
      pValue: z.number(),
      minimumDetectable: z.number().nullable(),
    })
    .optional(),
});

/** Figures of the first set, and of all sets. */
export const summarySchema = setSummarySchema.extend({ sets: z.array(setSummarySchema) });
export type SetSummary = z.output<typeof setSummarySchema>;
export type Summary = z.output<typeof summarySchema>;

export function summarise(results: readonly EvalResult[]): Summary {
  const sets = results.map(summariseSet);
  const [first] = sets;
  if (first === undefined) throw new RangeError("no sets");
  return { ...first, sets };
}

function summariseSet(result: EvalResult): SetSummary {
  const { accuracy, comparison } = result;
  return {
    name: result.name,
    accuracy: accuracy.mean,
    interval: endsOf(accuracy.interval),
    meanReward: result.meanReward,
    passAtK: result.passAtK,
    figures: Object.fromEntries(
      Object.entries(result.figures).map(([name, { mean, interval }]) => [
        name,
        { mean, ...endsOf(interval) },
      ]),
    ),
    closedShare: result.closedShare,
    truncatedShare: result.truncatedShare,
    repetitiveShare: result.repetitiveShare ?? 0,
    n: result.settings.nSamplesPerPrompt,
    problems: result.problems,
    ...(comparison && {
      comparison: {
        difference: comparison.difference,
        interval: endsOf(comparison.interval),
        pValue: comparison.pValue,
        minimumDetectable: comparison.minimumDetectable,
      },
    }),
  };
}

function endsOf({ low, high }: z.output<typeof ends>): z.output<typeof ends> {
  return { low, high };
}
