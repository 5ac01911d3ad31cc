import { describe, expect, it } from "vitest";
import { compareResults } from "./compare.ts";
import { renderP, renderSummary } from "./render-summary.ts";
import { makeResult, resultSchema, type EvalResult, type ResultHead } from "./result.ts";
import type { SampleFacts } from "../sampling/sample-facts.ts";
import { warnAbout } from "../warnings.ts";

const head: ResultHead = {
  name: "aime",
  model: "m",
  data: "d",
  settings: {
    rmType: "math",
    nSamplesPerPrompt: 2,
    temperature: 1,
    topP: 1,
    maxResponseLen: 16,
    seed: 1,
  },
};

/** One character a sample: c correct, w wrong, u unparsable, n no answer, t truncated. */
function evaluate(...problems: string[]): EvalResult {
  const outcomes = {
    c: "correct",
    w: "wrong",
    u: "unparsable",
    n: "no_answer",
    t: "truncated",
  } as const;
  const samples = problems.flatMap((codes, problem) =>
    Array.from(codes, (code, sample): SampleFacts => {
      const outcome = outcomes[code as keyof typeof outcomes];
      return {
        problem,
        sample,
        tokens: sample + 1,
        characters: 1,
        repetitive: false,
        truncated: code === "t",
        reward: code === "c" ? 1 : 0,
        outcome,
        vote: code === "n" || code === "t" ? null : code,
      };
    }),
  );
  const rows = problems.map((_, i) => ({ digest: `p${i}`, label: "1" }));
  return makeResult(head, rows, samples);
}

describe("the result of a grader that gives rewards of its own and no answers", () => {
  const samples = (["correct", "wrong", "wrong", "no_answer"] as const).map(
    (outcome, sample): SampleFacts => ({
      problem: 0,
      sample,
      tokens: 1,
      characters: 1,
      repetitive: false,
      truncated: false,
      reward: outcome === "correct" ? 2.5 : 0.4,
      outcome,
      vote: null,
    }),
  );
  const result = makeResult(head, [{ digest: "p0", label: "1" }], samples);

  it("counts as right what the grader calls right, whatever its reward", () => {
    expect(result.accuracy.mean).toBe(0.25);
    expect(result.perProblem[0]?.correct).toBe(1);
    expect(result.meanReward).toBeCloseTo((2.5 + 3 * 0.4) / 4);
  });

  it("says that answers were found although nobody names them, and has no majority of them", () => {
    expect(result.closedShare).toBe(0.75);
    const names = Object.keys(result.figures);
    expect(names).toEqual(["avg@4", "pass@1", "pass@2", "pass@4"]);
  });
});

describe("makeResult", () => {
  const result = evaluate("cc", "cw", "ut", "nw");

  it("has shares, pass@k, lengths and the clustered interval", () => {
    expect(resultSchema.parse(result)).toEqual(result);
    expect(result.accuracy.mean).toBe(3 / 8);
    expect(result.accuracy.standardError).toBeCloseTo(0.2393568, 6);
    expect(result.passAtK).toEqual({ 1: 0.375, 2: 0.5 });
    const figures = Object.entries(result.figures).map(([name, { mean }]) => [name, mean]);
    expect(Object.fromEntries(figures)).toEqual({
      "avg@2": 0.375,
      "pass@1": 0.375,
      "pass@2": 0.5,
      "maj@1": 0.375,
      "maj@2": 0.375,
      "cons@1": 0.375,
      "cons@2": 0.375,
    });
    expect(result.figures["avg@2"]).toMatchObject(result.accuracy);
    expect(result.outcomes).toEqual({
      correct: 0.375,
      wrong: 0.25,
      unparsable: 0.125,
      no_answer: 0.125,
      truncated: 0.125,
      timed_out: 0,
    });
    expect(result.closedShare).toBe(0.75);
    expect(result.truncatedShare).toBe(0.125);
    expect(result.responseLength).toEqual({
      unit: "tokens",
      mean: 1.5,
      median: 1.5,
      p95: 2,
      min: 1,
      max: 2,
    });
    expect(result.perProblem.map(({ correct }) => correct)).toEqual([2, 1, 0, 0]);
  });

  it("warns about what makes it less than it seems", () => {
    const codes: string[] = [];
    warnAbout(evaluate("tt", "nn", "uw"), (event) => {
      if (event.type === "warning") codes.push(event.code);
    });
    expect(codes).toEqual([
      "EVAL_TRUNCATED",
      "EVAL_NO_ANSWER",
      "EVAL_UNPARSABLE",
      "EVAL_ALL_ZERO",
      "EVAL_FEW_PROBLEMS",
    ]);
  });
});

describe("compareResults", () => {
  const base = evaluate("ww", "cw", "ww", "ww");
  const trained = evaluate("cc", "cc", "cw", "ww");

  it("pairs by problem", () => {
    expect(compareResults(trained, base, "digest")).toMatchObject({
      difference: 0.5,
      pValue: 0.25,
      test: "sign-flip-exact",
      problems: 4,
      better: 3,
      worse: 0,
      same: 1,
      baseline: { accuracy: 0.125, digest: "digest" },
    });
  });

  it("refuses other problems and other graders", () => {
    const others = { ...base, perProblem: base.perProblem.toReversed() };
    expect(() => compareResults(trained, others, "")).toThrow(
      expect.objectContaining({ code: "EVAL_NOT_COMPARABLE" }),
    );
    expect(() => compareResults(trained, evaluate("cc"), "")).toThrow("1 problems, not 4");
    const dapo = { ...base, settings: { ...base.settings, rmType: "dapo" } };
    expect(() => compareResults(trained, dapo, "")).toThrow("grader dapo");
  });

  it("is rendered as an aligned table with a sentence", () => {
    const result = { ...trained, comparison: compareResults(trained, base, "digest") };
    const text = renderSummary([
      { title: "base", result: base },
      { title: "trained", result },
    ]);
    expect(text.split("\n")).toEqual([
      "eval     accuracy  95 % interval  pass@2  answered  cut off  tokens  samples",
      "base       12.5 %   0.0 – 52.3 %  25.0 %   100.0 %    0.0 %     1.5    4 × 2",
      "trained    62.5 %  0.0 – 100.0 %  75.0 %   100.0 %    0.0 %     1.5    4 × 2",
      expect.stringMatching(
        /^trained: \+50\.0 points \(95 % interval −15\.0 to \+100\.0\), p = 0\.25, paired over 4 problems; a true difference below \d+\.\d points is likely to be missed$/,
      ),
    ]);
  });
});

describe("renderP", () => {
  it("says when a p-value is at the limit of its test", () => {
    const limits = { resolution: 1e-5, test: "sign-flip-monte-carlo" } as const;
    expect(renderP({ ...limits, pValue: 1e-5 })).toBe("p ≤ 0.00001");
    expect(renderP({ ...limits, pValue: 0.0312 })).toBe("p = 0.031");
    const exact = { resolution: 0.125, test: "sign-flip-exact" } as const;
    expect(renderP({ ...exact, pValue: 0.125 })).toBe("p = 0.13");
    expect(renderP({ ...exact, pValue: 1 })).toBe("p = 1.00");
  });
});
