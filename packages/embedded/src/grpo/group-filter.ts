import type { Recipe } from "@moonlight-rl/recipe";
import { moments } from "./advantage.ts";
import type { Group } from "./rollout.ts";

/**
 * Why a filter drops a group, in the words of the reference's metrics: with nonzero-std, all rewards are equal and nothing can
 * be learned (miles filter_hub/dynamic_sampling_filters.py check_reward_nonzero_std).
 */
export function groupDropReason(
  { samples }: Group,
  filter: Recipe["rollout"]["dynamicSamplingFilter"],
): string | undefined {
  if (filter === null) return undefined;
  const rewards = samples.map(({ grade }) => grade.reward);
  return moments(rewards).std > 1e-8 ? undefined : `zero_std_${toOneDecimal(rewards[0] ?? 0)}`;
}

/** Rounded to one decimal, exact halves to the even digit, as Python's `round` does. */
export function toOneDecimal(value: number): number {
  // Only odd multiples of a quarter are exactly half-way between two decimals in binary.
  const quarters = value * 4;
  if (!Number.isInteger(quarters) || quarters % 2 === 0) return Number(value.toFixed(1));
  const below = Math.floor(value * 10);
  return (below % 2 === 0 ? below : below + 1) / 10;
}
