import { studentQuantile } from "./student-t.ts";

/** A mean over problems with its uncertainty. */
export interface Estimate {
  readonly mean: number;
  /** Clustered over problems; null with fewer than two problems. */
  readonly standardError: number | null;
  readonly interval: Interval;
}

export interface Interval {
  readonly low: number;
  readonly high: number;
  /** Coverage, such as 0.95. */
  readonly level: number;
  /**
   * `t`: mean ± t · standard error, with problems − 1 degrees of freedom.
   * `exact-binomial`: every problem has the same mean, so the spread says nothing; Clopper and Pearson's bound over problems.
   * `none`: fewer than two problems.
   */
  readonly method: "t" | "exact-binomial" | "none";
}

export interface Bounds {
  readonly lowest: number;
  readonly highest: number;
}

export const LEVEL = 0.95;

/**
 * Mean of all samples, its standard error clustered by problem, and a 95 % interval.
 *
 * `clusters` has one array of values per problem; samples of one problem are not independent, so the
 * number of problems, not of samples, is what shrinks the error. With equally many samples each this is
 * the standard error of the problems' means. `bounds` are the ends of the scale; intervals stop there.
 */
export function estimateMean(
  clusters: readonly (readonly number[])[],
  bounds: Bounds = { lowest: 0, highest: 1 },
): Estimate {
  const count = clusters.reduce((total, cluster) => total + cluster.length, 0);
  if (count === 0) throw new RangeError("no samples");
  const mean = sum(clusters.map(sum)) / count;
  const standardError = clusteredError(clusters, mean, count);
  return {
    mean,
    standardError,
    interval: intervalOf(mean, standardError, clusters.length, bounds),
  };
}

function clusteredError(
  clusters: readonly (readonly number[])[],
  mean: number,
  count: number,
): number | null {
  const problems = clusters.length;
  if (problems < 2) return null;
  const squares = clusters.map((cluster) => sum(cluster.map((value) => value - mean)) ** 2);
  return Math.sqrt((sum(squares) * problems) / (problems - 1)) / count;
}

/** Below this a standard error is rounding: all problems have the same mean. */
const NO_SPREAD = 1e-12;

/** 95 % interval of a mean over problems, cut off at the ends of the scale. */
export function intervalOf(
  mean: number,
  standardError: number | null,
  problems: number,
  { lowest, highest }: Bounds,
): Interval {
  if (standardError === null) return { low: lowest, high: highest, level: LEVEL, method: "none" };
  if (standardError < NO_SPREAD) {
    // If problems unlike these were more frequent, so many would show none with a chance below 2.5 %;
    // how unlike they are is bounded by the scale only.
    const unseen = 1 - ((1 - LEVEL) / 2) ** (1 / problems);
    return {
      low: mean - unseen * (mean - lowest),
      high: mean + unseen * (highest - mean),
      level: LEVEL,
      method: "exact-binomial",
    };
  }
  const reach = studentQuantile((1 + LEVEL) / 2, problems - 1) * standardError;
  return {
    low: Math.max(lowest, mean - reach),
    high: Math.min(highest, mean + reach),
    level: LEVEL,
    method: "t",
  };
}

/** Sum with compensation, so that results do not depend on how many problems there are. */
export function sum(values: readonly number[]): number {
  let total = 0;
  let lost = 0;
  for (const value of values) {
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return total + lost;
}
