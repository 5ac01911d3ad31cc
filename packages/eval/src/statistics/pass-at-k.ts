import { sum } from "./estimate.ts";

/**
 * Chance that at least one of `k` samples drawn without replacement from `n`, of which `correct` are right,
 * is right: the unbiased estimator of pass@k of one problem.
 */
export function passAtK(n: number, correct: number, k: number): number {
  if (!(k >= 1 && k <= n)) throw new RangeError(`pass@${k} needs at least ${k} samples, not ${n}`);
  if (n - correct < k) return 1;
  let miss = 1;
  for (let i = n - correct + 1; i <= n; i++) miss *= 1 - k / i;
  return 1 - miss;
}

/** Mean pass@k over problems for k = 1, 2, 4, … ≤ the fewest samples of any problem. */
export function passAtPowersOfTwo(
  problems: readonly { readonly n: number; readonly correct: number }[],
): Record<string, number> {
  const fewest = problems.reduce((least, { n }) => Math.min(least, n), Number.POSITIVE_INFINITY);
  const result: Record<string, number> = {};
  for (let k = 1; k <= fewest && Number.isFinite(fewest); k *= 2) {
    const each = problems.map(({ n, correct }) => passAtK(n, correct, k));
    result[String(k)] = sum(each) / problems.length;
  }
  return result;
}
