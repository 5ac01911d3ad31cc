import { sum } from "./estimate.ts";
import { quantile } from "./lengths.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { RandomBits } from "./random-bits.ts";

export interface BootstrapInterval {
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 9999;
const LEVEL = 0.95;

/**
 * 95 % intervals of the means of several columns by one bootstrap over problems: problems are drawn with replacement, and with
 * a problem all its columns. Bias-corrected and accelerated (Efron's BCa). null for a column without a spread.
 *
 * A column has one value per problem; `weights` (one per problem, default equal) are how many samples stand behind it.
 */
export function bootstrapMeans(
  columns: readonly (readonly number[])[],
  seed: number,
  weights?: readonly number[],
): (BootstrapInterval | null)[] {
  const problems = columns[0]?.length ?? 0;
  if (problems < 2) return columns.map(() => null);
  const weight = Float64Array.from(weights ?? Array.from({ length: problems }, () => 1));
  const values = columns.map((column) => Float64Array.from(column));
  const means = values.map((column) => (isConstant(column) ? null : new Float64Array(RESAMPLES)));
  if (means.every((one) => one === null)) return means.map(() => null);
  const bits = new RandomBits(seed);
  const drawn = new Float64Array(problems);
  for (let resample = 0; resample < RESAMPLES; resample++) {
    drawn.fill(0);
    let total = 0;
    for (let i = 0; i < problems; i++) {
      const problem = Math.floor((bits.next() / 2 ** 32) * problems);
      const samples = weight[problem] as number;
      drawn[problem] = (drawn[problem] as number) + samples;
      total += samples;
    }
    for (const [column, mean] of means.entries()) {
      if (mean !== null) mean[resample] = dot(drawn, values[column] as Float64Array) / total;
    }
  }
  return values.map((column, i) => {
    const sorted = means[i]?.sort();
    return sorted === undefined ? null : accelerated(column, weight, sorted);
  });
}

/** Nothing to draw from: every resample has the same mean. */
function isConstant(values: Float64Array): boolean {
  return values.every((value) => value === values[0]);
}

/** Where the quantiles of the sorted means have to be read, by the means' bias and the jackknife's skewness. */
function accelerated(
  values: Float64Array,
  weights: Float64Array,
  sorted: Float64Array,
): BootstrapInterval | null {
  const total = dot(values, weights);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = total / all;
  const left = Array.from(values, (value, i) => {
    const weight = weights[i] as number;
    return (total - weight * value) / (all - weight);
  });
  const centre = sum(left) / left.length;
  const squares = sum(left.map((value) => (centre - value) ** 2));
  if (squares < 1e-24) return null;
  const acceleration = sum(left.map((value) => (centre - value) ** 3)) / (6 * squares ** 1.5);
  const bias = normalQuantile(clamp(shareBelow(sorted, mean)));
  const end = (probability: number): number => {
    const z = bias + normalQuantile(probability);
    return quantile(sorted, normalCdf(bias + z / (1 - acceleration * z)));
  };
  return { low: end((1 - LEVEL) / 2), high: end((1 + LEVEL) / 2) };
}

/** Share of the means below the value; those equal to it count half. */
function shareBelow(sorted: Float64Array, value: number): number {
  const slack = 1e-12 * Math.max(1, Math.abs(value));
  let below = 0;
  let equal = 0;
  for (const mean of sorted) {
    if (mean < value - slack) below++;
    else if (mean <= value + slack) equal++;
  }
  return (below + equal / 2) / sorted.length;
}

function clamp(share: number): number {
  const least = 1 / (RESAMPLES + 1);
  return Math.min(1 - least, Math.max(least, share));
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += (a[i] as number) * (b[i] as number);
  return total;
}
