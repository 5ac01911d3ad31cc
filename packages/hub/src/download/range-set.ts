import type { ByteRange } from "../protocol/byte-range.ts";

/** Which bytes of a file are there: disjoint ranges in order, neighbours merged. */
export class RangeSet {
  #ranges: ByteRange[] = [];

  add(range: ByteRange): void {
    if (range.end <= range.start) return;
    let { start, end } = range;
    const apart: ByteRange[] = [];
    for (const other of this.#ranges) {
      if (other.end < start || other.start > end) apart.push(other);
      else [start, end] = [Math.min(start, other.start), Math.max(end, other.end)];
    }
    this.#ranges = [...apart, { start, end }].sort((a, b) => a.start - b.start);
  }

  /** How many bytes from 0 on are there without a gap. */
  get frontier(): number {
    const first = this.#ranges[0];
    return first?.start === 0 ? first.end : 0;
  }

  /** Where the bytes end that are there without a gap from `at` on; `at` itself when there are none. */
  endFrom(at: number): number {
    return this.#ranges.find(({ start, end }) => start <= at && at < end)?.end ?? at;
  }

  get bytes(): number {
    return this.#ranges.reduce((sum, range) => sum + range.end - range.start, 0);
  }

  /** What lacks of `[0, size)`, in pieces of at most `limit` bytes. */
  missing(size: number, limit: number): ByteRange[] {
    const gaps: ByteRange[] = [];
    let at = 0;
    for (const range of [...this.#ranges, { start: size, end: size }]) {
      for (; at < range.start; at = Math.min(at + limit, range.start))
        gaps.push({ start: at, end: Math.min(at + limit, range.start) });
      at = Math.max(at, range.end);
    }
    return gaps;
  }
}
