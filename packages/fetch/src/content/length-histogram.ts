/** Counts of lengths: `upTo` are inclusive, doubling from 16; empty ends are left out. */
export interface LengthSummary {
  readonly min: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
  readonly mean: number;
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
}

/** Collects lengths; memory grows with the number of different lengths only. */
export class LengthHistogram {
  readonly #counts = new Map<number, number>();
  #total = 0;

  add(length: number): void {
    this.#counts.set(length, (this.#counts.get(length) ?? 0) + 1);
    this.#total++;
  }

  /** Undefined while nothing was added. Percentiles are lengths that occur (nearest rank). */
  summary(): LengthSummary | undefined {
    const counts = [...this.#counts].sort(([a], [b]) => a - b);
    const first = counts[0];
    const last = counts.at(-1);
    if (first === undefined || last === undefined) return undefined;
    const rank = (share: number): number => {
      let seen = 0;
      for (const [length, count] of counts) {
        seen += count;
        if (seen >= share * this.#total) return length;
      }
      return last[0];
    };
    let sum = 0;
    const buckets: { upTo: number; count: number }[] = [];
    for (const [length, count] of counts) {
      sum += length * count;
      const upTo = Math.max(16, 2 ** Math.ceil(Math.log2(Math.max(1, length))));
      const bucket = buckets.at(-1);
      if (bucket?.upTo === upTo) bucket.count += count;
      else buckets.push({ upTo, count });
    }
    return {
      min: first[0],
      p50: rank(0.5),
      p90: rank(0.9),
      p99: rank(0.99),
      max: last[0],
      mean: Math.round((sum / this.#total) * 100) / 100,
      buckets,
    };
  }
}
