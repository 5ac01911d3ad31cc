import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { bootstrapMeans } from "./bootstrap.ts";
import { estimateMean } from "./estimate.ts";
import { lengthStatistics } from "./lengths.ts";
import { majorityAtK } from "./majority.ts";
import { normalCdf, normalQuantile } from "./normal.ts";
import { comparePaired } from "./paired.ts";
import { passAtK, passAtPowersOfTwo } from "./pass-at-k.ts";
import { RandomBits } from "./random-bits.ts";
import { studentCdf, studentQuantile } from "./student-t.ts";

/** Made by tools/interop/eval/make_golden.py with NumPy and SciPy. */
interface Golden {
  readonly quantiles: readonly { degrees: number; probability: number; t: number }[];
  readonly clusters: readonly {
    clusters: number[][];
    mean: number;
    standardError: number;
    low: number;
    high: number;
  }[];
  readonly extremes: readonly { problems: number; high: number }[];
  readonly passes: readonly { n: number; correct: number; k: number; pass: number }[];
  readonly paired: readonly {
    ours: number[];
    baseline: number[];
    difference: number;
    exact: boolean;
    pValue: number;
    standardError: number;
    low: number;
    high: number;
    minimumDetectable: number;
  }[];
  readonly normals: readonly { probability: number; z: number }[];
  readonly majorities: readonly {
    answers: (number | null)[];
    k: number;
    maj: number;
    cons: number;
  }[];
  readonly bootstraps: readonly { values: number[]; low: number; high: number; error: number }[];
  readonly mcnemars: readonly {
    better: number;
    worse: number;
    same: number;
    pValue: number;
    effectSize: number | null;
  }[];
  readonly lengths: readonly { lengths: number[]; mean: number; median: number; p95: number }[];
}

const golden = JSON.parse(
  readFileSync(new URL("statistics.golden.json", import.meta.url), "utf8"),
) as Golden;

describe("Student's t", () => {
  it("has SciPy's quantiles", () => {
    for (const { degrees, probability, t } of golden.quantiles) {
      const error = Math.abs(studentQuantile(probability, degrees) / t - 1);
      expect(error, `t(${probability}, ${degrees})`).toBeLessThan(1e-9);
      expect(studentCdf(t, degrees)).toBeCloseTo(probability, 12);
    }
  });
});

describe("the normal distribution", () => {
  it("has SciPy's quantiles", () => {
    for (const { probability, z } of golden.normals) {
      expect(normalQuantile(probability)).toBeCloseTo(z, 9);
      expect(normalCdf(z) / probability).toBeCloseTo(1, 10);
    }
  });
});

describe("a bootstrap over problems", () => {
  it("has SciPy's BCa intervals", () => {
    for (const { values, low, high, error } of golden.bootstraps) {
      const [interval] = bootstrapMeans([values], 1);
      // The ends of 9,999 resamples are known to about a twentieth of a standard error, and means stand on a grid.
      const known = 0.12 * error + 1 / (4 * values.length);
      expect(Math.abs((interval?.low ?? 0) - low)).toBeLessThan(known);
      expect(Math.abs((interval?.high ?? 0) - high)).toBeLessThan(known);
    }
  });

  it("counts problems with more samples more, and says nothing without a spread", () => {
    const values = [0, 1, 0, 1, 1, 0, 0.5, 0.5];
    const [equal] = bootstrapMeans([values], 1);
    const [weighted] = bootstrapMeans([values], 1, [1, 9, 1, 9, 9, 1, 1, 1]);
    expect(weighted?.high).toBeGreaterThan((equal?.high ?? 1) + 0.02);
    expect(bootstrapMeans([values, values.map(() => 0.5)], 1)).toEqual([equal, null]);
    expect(bootstrapMeans([[0.5]], 1)).toEqual([null]);
  });
});

describe("majorities", () => {
  it("have the exact expectation over all draws", () => {
    for (const { answers, k, maj, cons } of golden.majorities) {
      const wrong = [1, 2, 3, 4]
        .map((answer) => answers.filter((one) => one === answer).length)
        .filter((count) => count > 0);
      const correct = answers.filter((one) => one === 0).length;
      const silent = answers.filter((one) => one === null).length;
      const what = `${JSON.stringify(answers)} k=${k}`;
      expect(majorityAtK({ correct, wrong, silent }, k), what).toBeCloseTo(maj, 12);
      const voting = silent > 0 ? [...wrong, silent] : wrong;
      expect(majorityAtK({ correct, wrong: voting, silent: 0 }, k), what).toBeCloseTo(cons, 12);
    }
  });

  it("are had for many samples, and refused where they would take for ever", () => {
    const votes = {
      correct: 100,
      wrong: Array.from({ length: 150 }, (_, i) => 1 + (i % 3)),
      silent: 50,
    };
    expect(majorityAtK(votes, 1)).toBeCloseTo(100 / 450, 10);
    expect(majorityAtK(votes, 64)).toBeGreaterThan(0.999);
    expect(majorityAtK(votes, 450)).toBe(1);
    expect(() => majorityAtK(votes, 65)).toThrow(RangeError);
    expect(() => majorityAtK(votes, 451)).toThrow(RangeError);
  });
});

describe("estimateMean", () => {
  it("clusters the standard error by problem and gives the t interval", () => {
    for (const { clusters, mean, standardError, low, high } of golden.clusters) {
      const estimate = estimateMean(clusters);
      expect(estimate.mean).toBeCloseTo(mean, 12);
      expect(estimate.standardError).toBeCloseTo(standardError, 12);
      expect(estimate.interval.method).toBe("t");
      expect(estimate.interval.low).toBeCloseTo(low, 10);
      expect(estimate.interval.high).toBeCloseTo(high, 10);
    }
  });

  it("is not certain when all problems agree", () => {
    for (const { problems, high } of golden.extremes) {
      const none = estimateMean(Array.from({ length: problems }, () => [0, 0]));
      expect(none.interval).toMatchObject({ low: 0, method: "exact-binomial" });
      expect(none.interval.high).toBeCloseTo(high, 12);
      const all = estimateMean(Array.from({ length: problems }, () => [1]));
      expect(all.interval.low).toBeCloseTo(1 - high, 12);
      expect(all.interval.high).toBe(1);
    }
  });

  it("does not take equal problems for certainty inside the scale either", () => {
    const { interval, standardError } = estimateMean([
      [0, 1],
      [1, 0],
      [0, 1],
    ]);
    expect(standardError).toBe(0);
    expect(interval.low).toBeCloseTo(0.5 - 0.5 * (1 - 0.025 ** (1 / 3)), 12);
    expect(interval.high).toBeCloseTo(0.5 + 0.5 * (1 - 0.025 ** (1 / 3)), 12);
  });

  it("says nothing with one problem", () => {
    expect(estimateMean([[1, 0, 1]])).toEqual({
      mean: 2 / 3,
      standardError: null,
      interval: { low: 0, high: 1, level: 0.95, method: "none" },
    });
    expect(() => estimateMean([])).toThrow(RangeError);
  });
});

describe("pass@k", () => {
  it("is the unbiased estimator", () => {
    for (const { n, correct, k, pass } of golden.passes) {
      expect(passAtK(n, correct, k)).toBeCloseTo(pass, 12);
    }
    expect(() => passAtK(2, 1, 4)).toThrow(RangeError);
  });

  it("is given for powers of two that every problem has samples for", () => {
    const problems = [
      { n: 4, correct: 1 },
      { n: 5, correct: 0 },
    ];
    expect(passAtPowersOfTwo(problems)).toEqual({
      1: 0.125,
      2: expect.closeTo(0.25, 12) as number,
      4: 0.5,
    });
    expect(passAtPowersOfTwo([])).toEqual({});
  });
});

describe("comparePaired", () => {
  it("agrees with SciPy's permutation test and paired t interval", () => {
    for (const expected of golden.paired) {
      const result = comparePaired(expected.ours, expected.baseline, 1);
      expect(result.difference).toBeCloseTo(expected.difference, 12);
      expect(result.standardError).toBeCloseTo(expected.standardError, 12);
      expect(result.interval.low).toBeCloseTo(expected.low, 10);
      expect(result.interval.high).toBeCloseTo(expected.high, 10);
      expect(result.minimumDetectable).toBeCloseTo(expected.minimumDetectable, 10);
      const exact = result.test === "sign-flip-exact";
      if (exact && expected.exact) expect(result.pValue).toBeCloseTo(expected.pValue, 12);
      // Two Monte Carlo estimates: five standard errors of the coarser one.
      const error = Math.sqrt((expected.pValue * (1 - expected.pValue)) / 1e5);
      expect(Math.abs(result.pValue - expected.pValue)).toBeLessThan(5 * error + 2e-5);
    }
  });

  it("is McNemar's exact test where every problem is right or wrong", () => {
    for (const { better, worse, same, pValue, effectSize } of golden.mcnemars) {
      const repeat = (count: number, value: number): number[] =>
        Array.from({ length: count }, () => value);
      const ours = [...repeat(better, 1), ...repeat(worse, 0), ...repeat(same, 1)];
      const theirs = [...repeat(better, 0), ...repeat(worse, 1), ...repeat(same, 1)];
      const result = comparePaired(ours, theirs);
      expect(result.test).toBe("mcnemar-exact");
      expect(result.pValue).toBeCloseTo(pValue, 12);
      if (effectSize === null) expect(result.effectSize).toBeNull();
      else expect(result.effectSize).toBeCloseTo(effectSize, 12);
      // Enumerating all signs gives the same where it can be done.
      if (better + worse > 18) continue;
      const half = (values: number[]): number[] => values.map((value) => value / 2);
      expect(comparePaired(half(ours), half(theirs)).pValue).toBeCloseTo(pValue, 12);
    }
  });

  it("says how small a p-value can be", () => {
    const zeros = Array.from({ length: 40 }, () => 0);
    const halves = zeros.map(() => 0.5);
    expect(comparePaired(halves, zeros)).toMatchObject({
      pValue: 1e-5,
      resolution: 1e-5,
      test: "sign-flip-monte-carlo",
      better: 40,
      worse: 0,
    });
    expect(comparePaired(halves.slice(0, 4), zeros.slice(0, 4))).toMatchObject({
      pValue: 0.125,
      resolution: 0.125,
      test: "sign-flip-exact",
    });
    const same = comparePaired(zeros, zeros);
    expect(same).toMatchObject({ difference: 0, pValue: 1, same: 40, minimumDetectable: null });
    expect(same.interval.high).toBeCloseTo(1 - 0.025 ** (1 / 40), 12);
  });

  it("is the same again with the same seed", () => {
    const ours = Array.from({ length: 50 }, (_, i) => (i % 7) / 7);
    const baseline = Array.from({ length: 50 }, (_, i) => (i % 5) / 5);
    expect(comparePaired(ours, baseline, 3)).toEqual(comparePaired(ours, baseline, 3));
  });

  it("refuses other problems", () => {
    expect(() => comparePaired([1], [1, 0])).toThrow(RangeError);
  });
});

describe("RandomBits", () => {
  it("has balanced bits for near seeds", () => {
    for (const seed of [0, 1, 2, 0x9e3779b9]) {
      const bits = new RandomBits(seed);
      const ones = Array.from({ length: 32 }, () => 0);
      for (let i = 0; i < 4000; i++) {
        const word = bits.next();
        for (let j = 0; j < 32; j++) ones[j] = (ones[j] ?? 0) + ((word >>> j) & 1);
      }
      // Five standard deviations of a fair coin.
      for (const count of ones) expect(Math.abs(count - 2000)).toBeLessThan(160);
    }
  });
});

describe("lengthStatistics", () => {
  it("agrees with NumPy", () => {
    for (const { lengths, ...expected } of golden.lengths) {
      const result = lengthStatistics(lengths);
      expect(result.mean).toBeCloseTo(expected.mean, 9);
      expect(result.median).toBeCloseTo(expected.median, 9);
      expect(result.p95).toBeCloseTo(expected.p95, 9);
      expect(result.min).toBe(Math.min(...lengths));
    }
  });
});
