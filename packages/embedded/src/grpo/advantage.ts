/** Mean and unbiased standard deviation; the deviation of fewer than two values is 0. */
export function moments(values: readonly number[]): { mean: number; std: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (values.length < 2) return { mean, std: 0 };
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: Math.sqrt(squares / (values.length - 1)) };
}

/**
 * GRPO advantages of one group, in the order of its rewards: centred, and divided by (std + 1e-6) unless that is switched off
 * (Dr.GRPO). Source: miles ray/rollout/train_data_conversion.py.
 */
export function groupAdvantages(
  rewards: readonly number[],
  options: { readonly stdNormalization: boolean },
): number[] {
  const { mean, std } = moments(rewards);
  // A group of one has no spread to divide by (the reference switches the division off as well).
  const scale = options.stdNormalization && rewards.length > 1 ? std + 1e-6 : 1;
  return rewards.map((reward) => (reward - mean) / scale);
}
