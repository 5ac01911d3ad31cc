import { deflateSync } from "node:zlib";
import { toOneDecimal } from "./group-filter.ts";
import type { Group, RolloutSample } from "./rollout.ts";

/** Characters at the end of a text that are looked at for repetition. */
const REPETITION_WINDOW = 10_000;
const REPETITIVE = 10;

/** Whether a long text ends in something that compresses tenfold (miles utils/metric_utils.py has_repetition). */
export function hasRepetition({ text }: Pick<RolloutSample, "text">): boolean {
  const points = [...text];
  if (points.length <= REPETITION_WINDOW) return false;
  const tail = Buffer.from(points.slice(-REPETITION_WINDOW).join(""));
  return tail.byteLength / deflateSync(tail, { level: 9 }).byteLength > REPETITIVE;
}

/**
 * How many groups have equal rewards, by reward, and how many of all are all wrong or all right (miles
 * ray/rollout/metrics.py; there whole-number rewards are never counted in the two shares).
 */
export function zeroStdMetrics(groups: readonly Group[]): Record<string, number> {
  const counts = new Map<number, number>();
  for (const { samples } of groups) {
    const [first, ...others] = samples.map(({ grade }) => grade.reward);
    if (first === undefined || others.some((reward) => reward !== first)) continue;
    const key = toOneDecimal(first);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return {
    ...Object.fromEntries(
      [...counts].map(([reward, count]) => [`zero_std/count_${reward}`, count]),
    ),
    "zero_std/all_zero_percentage": (counts.get(0) ?? 0) / groups.length,
    "zero_std/all_one_percentage": (counts.get(1) ?? 0) / groups.length,
  };
}

/**
 * `pass@k` for k = 1, 2, 4 … up to the samples per group: the chance that one of k drawn samples has a reward of 1, without
 * bias (Chen et al., 2021). Source: miles utils/metric_utils.py compute_pass_rate.
 */
export function passRates(groups: readonly (readonly number[])[]): Record<string, number> {
  const size = groups[0]?.length ?? 0;
  const rates: Record<string, number> = {};
  if (size < 2) return rates;
  for (let k = 1; k <= size; k *= 2) {
    const sum = groups.reduce((total, rewards) => {
      const right = rewards.filter((reward) => reward === 1).length;
      return total + passAtK(rewards.length, right, k);
    }, 0);
    rates[`pass@${k}`] = sum / groups.length;
  }
  return rates;
}

function passAtK(n: number, right: number, k: number): number {
  if (n - right < k) return 1;
  let fail = 1;
  for (let i = n - right + 1; i <= n; i++) fail *= 1 - k / i;
  return 1 - fail;
}
