import { bootstrapMeans, type BootstrapInterval } from "./bootstrap.ts";
import { estimateMean, sum, type Interval } from "./estimate.ts";
import { RandomBits } from "./random-bits.ts";
import { incompleteBeta, studentQuantile } from "./student-t.ts";

/** Two policies on the same problems. */
export interface PairedComparison {
  /** Mean over problems of ours minus the baseline's. */
  readonly difference: number;
  /** null with fewer than two problems. */
  readonly standardError: number | null;
  /** By paired t. */
  readonly interval: Interval;
  /** Two-sided, by sign flips of the problems' differences. */
  readonly pValue: number;
  /** The least p-value that this test can give: "p ≤ resolution" is what a value equal to it means. */
  readonly resolution: number;
  /** `mcnemar-exact`: every problem is right or wrong (one sample each), so that the binomial distribution settles it. */
  readonly test: "mcnemar-exact" | "sign-flip-exact" | "sign-flip-monte-carlo";
  /** Sign patterns looked at; 0 where none have to be. */
  readonly resamples: number;
  /** The difference in standard deviations of the problems' differences (Cohen's d of pairs); null without a spread. */
  readonly effectSize: number | null;
  /** 95 % of a bootstrap over problems; null without a spread. */
  readonly bootstrap: BootstrapInterval | null;
  /** True differences below this are found in less than 80 % of such evaluations, at the 5 % level; null without a spread. */
  readonly minimumDetectable: number | null;
  readonly problems: number;
  /** Problems on which ours is better, worse, and the same. */
  readonly better: number;
  readonly worse: number;
  readonly same: number;
}

/** Up to so many problems that differ, all 2^m sign patterns are enumerated. */
const MAX_ENUMERATED = 18;
const RESAMPLES = 99_999;
const POWER = 0.8;

/**
 * Compares two results problem by problem.
 *
 * `ours` and `baseline` are the problems' means, in the same order. If the policies were equally good,
 * each problem's difference would as likely have the other sign: the p-value is the share of sign patterns
 * whose mean is as far from 0 as the one seen. Enumerated where that is feasible, else sampled with `seed`.
 */
export function comparePaired(
  ours: readonly number[],
  baseline: readonly number[],
  seed = 0,
): PairedComparison {
  if (ours.length !== baseline.length || ours.length === 0) {
    throw new RangeError("a paired comparison needs the same problems, at least one");
  }
  const differences = ours.map((value, i) => value - (baseline[i] ?? 0));
  const { mean, standardError, interval } = estimateMean(
    differences.map((value) => [value]),
    { lowest: -1, highest: 1 },
  );
  const problems = differences.length;
  return {
    difference: mean,
    standardError,
    interval,
    ...signFlipTest(differences, seed),
    effectSize: standardError ? mean / (standardError * Math.sqrt(problems)) : null,
    bootstrap: bootstrapMeans([differences], seed)[0] ?? null,
    minimumDetectable: standardError ? minimumDetectableDifference(standardError, problems) : null,
    problems,
    better: differences.filter((value) => value > 0).length,
    worse: differences.filter((value) => value < 0).length,
    same: differences.filter((value) => value === 0).length,
  };
}

/** The true difference that a two-sided 5 % test with this standard error finds in 80 % of cases. */
export function minimumDetectableDifference(standardError: number, problems: number): number {
  const degrees = problems - 1;
  return (studentQuantile(0.975, degrees) + studentQuantile(POWER, degrees)) * standardError;
}

type SignFlipTest = Pick<PairedComparison, "pValue" | "resolution" | "test" | "resamples">;

function signFlipTest(differences: readonly number[], seed: number): SignFlipTest {
  const right = differences.filter((value) => value === 1).length;
  const wrong = differences.filter((value) => value === -1).length;
  const equal = differences.filter((value) => value === 0).length;
  if (right + wrong + equal === differences.length) return mcnemar(right, wrong);
  // Problems without a difference have no sign to flip.
  const sizes = differences.filter((value) => value !== 0).map(Math.abs);
  const seen = Math.abs(sum(differences));
  // Sums in another order differ in the last bits: what is meant to be equal counts as equal.
  const threshold = seen - 1e-9 * Math.max(1, sum(sizes));
  return sizes.length <= MAX_ENUMERATED
    ? enumerate(sizes, threshold)
    : sampleSigns(sizes, threshold, seed);
}

/** McNemar's exact test on the problems that only one of the two gets right. */
function mcnemar(better: number, worse: number): SignFlipTest {
  const pairs = better + worse;
  const fewer = Math.min(better, worse);
  // P(X ≤ fewer) of pairs fair coins.
  const tail = pairs === 0 ? 1 : incompleteBeta(0.5, pairs - fewer, fewer + 1);
  return {
    pValue: Math.min(1, 2 * tail),
    resolution: Math.min(1, 2 ** (1 - pairs)),
    test: "mcnemar-exact",
    resamples: 0,
  };
}

function enumerate(sizes: readonly number[], threshold: number): SignFlipTest {
  const patterns = 2 ** sizes.length;
  let extreme = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let total = 0;
    for (let i = 0; i < sizes.length; i++) {
      const size = sizes[i] ?? 0;
      total += (pattern >> i) & 1 ? size : -size;
    }
    if (Math.abs(total) >= threshold) extreme++;
  }
  return {
    pValue: extreme / patterns,
    resolution: Math.min(1, 2 / patterns),
    test: "sign-flip-exact",
    resamples: patterns,
  };
}

function sampleSigns(sizes: readonly number[], threshold: number, seed: number): SignFlipTest {
  const bits = new RandomBits(seed);
  const tables = tablesOfEight(sizes);
  let extreme = 0;
  for (let i = 0; i < RESAMPLES; i++) {
    let total = 0;
    let word = 0;
    for (let j = 0; j < tables.length; j++) {
      if (j % 4 === 0) word = bits.next();
      total += (tables[j] as Float64Array)[word & 0xff] as number;
      word >>>= 8;
    }
    if (Math.abs(total) >= threshold) extreme++;
  }
  // The pattern that was seen is one of the patterns: p is never 0.
  return {
    pValue: (extreme + 1) / (RESAMPLES + 1),
    resolution: 1 / (RESAMPLES + 1),
    test: "sign-flip-monte-carlo",
    resamples: RESAMPLES,
  };
}

/** Sums of eight sizes each under their 256 sign patterns: a random byte then stands for eight flips. */
function tablesOfEight(sizes: readonly number[]): Float64Array[] {
  return Array.from({ length: Math.ceil(sizes.length / 8) }, (_, table) =>
    Float64Array.from({ length: 256 }, (_, pattern) =>
      sizes
        .slice(8 * table, 8 * table + 8)
        .reduce((total, size, i) => total + ((pattern >> i) & 1 ? size : -size), 0),
    ),
  );
}
