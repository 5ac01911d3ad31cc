import { z } from "zod";

/** GET /api/runs/:run/metrics: what curves there are. */
export const metricsSchema = z.object({
  metrics: z.array(
    z.object({
      /** The reference framework's: "rollout/raw_reward", "eval/aime". */
      name: z.string(),
      points: z.int(),
      first: z.number(),
      last: z.number(),
      /** null: not finite. */
      value: z.number().nullable(),
    }),
  ),
});
export type MetricsAnswer = z.output<typeof metricsSchema>;

const list = (most: number): z.ZodType<string[], string> =>
  z
    .string()
    .transform((text) => text.split(",").filter((part) => part !== ""))
    .pipe(z.array(z.string()).min(1).max(most));

/** GET /api/series?runs=A,B&names=rollout/raw_reward,train/loss&points=800&from=0&to=300 */
export const seriesQuery = z.object({
  runs: list(16),
  names: list(64),
  /** Most points of each curve. */
  points: z.coerce.number().int().min(3).max(10_000).default(800),
  /** `minmax` keeps every extreme (two points a bucket); `lttb` keeps the look. */
  method: z.enum(["minmax", "lttb"]).default("minmax"),
  /**
   * Weight of what came before, 0 to 0.999: an exponential mean over the whole curve, corrected at its beginning. 0: the points
   * themselves.
   */
  smooth: z.coerce.number().min(0).max(0.999).default(0),
  from: z.coerce.number().optional(),
  to: z.coerce.number().optional(),
});

export const seriesSchema = z.object({
  /** One for each run and name that has points, runs first. */
  series: z.array(
    z.object({
      run: z.string(),
      name: z.string(),
      /** Ascending; of real points, averaged only where `smooth` asks for it. Beside the range one point on each side is kept, so that lines reach the edge. */
      steps: z.array(z.number()),
      /** null: NaN or infinite. */
      values: z.array(z.number().nullable()),
      /** Points of the range before thinning. */
      total: z.int(),
    }),
  ),
});
export type SeriesAnswer = z.output<typeof seriesSchema>;
