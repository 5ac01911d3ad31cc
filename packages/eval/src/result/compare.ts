import { UsageError } from "@moonlight-rl/core";
import { comparePaired } from "../statistics/paired.ts";
import type { Comparison, EvalResult } from "./result.ts";

/** What must agree for two results to be compared problem by problem. */
export interface Comparable {
  readonly settings: { readonly rmType: string };
  readonly perProblem: readonly { readonly digest: string }[];
}

/** Throws `EVAL_NOT_COMPARABLE` where problems, their order or the grader differ. */
export function assertComparable(result: Comparable, baseline: Comparable): void {
  const different = firstDifference(result, baseline);
  if (different === undefined) return;
  throw new UsageError("EVAL_NOT_COMPARABLE", `The baseline is of ${different}.`, {
    field: "baseline",
    hint: "A paired comparison needs two results over the same problems by the same grader.",
  });
}

/**
 * Compares two results over the same problems. `digest` is the baseline's identity; the evaluation's seed
 * makes the resampling repeatable.
 */
export function compareResults(
  result: EvalResult,
  baseline: EvalResult,
  digest: string,
): Comparison {
  assertComparable(result, baseline);
  return {
    ...comparePaired(shares(result), shares(baseline), result.settings.seed),
    baseline: { accuracy: baseline.accuracy.mean, digest },
  };
}

function shares({ perProblem }: EvalResult): number[] {
  return perProblem.map(({ n, correct }) => correct / n);
}

function firstDifference(a: Comparable, b: Comparable): string | undefined {
  if (a.settings.rmType !== b.settings.rmType) {
    return `grader ${b.settings.rmType}, not ${a.settings.rmType}`;
  }
  const [ours, theirs] = [a.perProblem, b.perProblem];
  if (ours.length !== theirs.length) return `${theirs.length} problems, not ${ours.length}`;
  const at = ours.findIndex(({ digest }, i) => digest !== theirs[i]?.digest);
  return at === -1 ? undefined : `other problems: number ${at + 1} differs`;
}
