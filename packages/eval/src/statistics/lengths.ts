/** Lengths of responses in tokens. */
export interface LengthStatistics {
  readonly mean: number;
  readonly median: number;
  readonly p95: number;
  readonly min: number;
  readonly max: number;
}

export function lengthStatistics(lengths: readonly number[]): LengthStatistics {
  if (lengths.length === 0) throw new RangeError("no samples");
  const sorted = Float64Array.from(lengths).sort();
  return {
    mean: lengths.reduce((total, length) => total + length, 0) / lengths.length,
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

/** Quantile of sorted values with linear interpolation between neighbours. */
export function quantile(sorted: Float64Array, share: number): number {
  const position = share * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? 0;
  const above = sorted[Math.ceil(position)] ?? 0;
  return below + (above - below) * (position - Math.floor(position));
}
