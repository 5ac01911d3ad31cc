/** Probability that `n` trials of probability `p` give fewer than `target` successes. */
export function fewerThan(target: number, n: number, p: number): number {
  if (target <= 0) return 0;
  if (target > n || p <= 0) return 1;
  if (p >= 1) return 0;
  const odds = Math.log(p) - Math.log1p(-p);
  let log = n * Math.log1p(-p);
  let sum = 0;
  for (let k = 0; k < target; k++) {
    sum += Math.exp(log);
    log += Math.log(n - k) - Math.log(k + 1) + odds;
  }
  return Math.min(1, sum);
}

/** Probability that all `n` samples of a prompt get the same 0/1 grade, so that a group teaches nothing. */
export function uniformGroup(n: number, p: number): number {
  return n <= 1 ? 1 : Math.min(1, p ** n + (1 - p) ** n);
}
