import type { Curve } from "./curves.ts";

export interface Range {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The part of a curve within a range, with one neighbour on each side, so that lines reach the edge. */
export function within({ steps, values }: Curve, { from, to }: Range): Curve {
  const first = from === undefined ? 0 : Math.max(0, lowerBound(steps, from) - 1);
  const last = to === undefined ? steps.length : Math.min(steps.length, upperBound(steps, to) + 1);
  return { steps: steps.slice(first, last), values: values.slice(first, last) };
}

/** At most `most` points (≥ 3) in which every bucket keeps its smallest and its greatest; first and last stay. Not-finite values count as smallest, so that they are seen. */
export function minMax(curve: Curve, most: number): Curve {
  const { steps, values } = curve;
  if (steps.length <= most) return curve;
  const chosen = [0];
  const buckets = Math.max(1, Math.floor((most - 2) / 2));
  const inner = steps.length - 2;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = 1 + Math.floor((bucket * inner) / buckets);
    const end = 1 + Math.floor(((bucket + 1) * inner) / buckets);
    let [least, greatest] = [start, start];
    for (let i = start; i < end; i++) {
      if (rank(values[i]) < rank(values[least])) least = i;
      if (rank(values[i]) > rank(values[greatest])) greatest = i;
    }
    if (most === 3) chosen.push(greatest);
    else if (least === greatest) chosen.push(least);
    else chosen.push(Math.min(least, greatest), Math.max(least, greatest));
  }
  chosen.push(steps.length - 1);
  return pick(curve, chosen);
}

/** Largest-Triangle-Three-Buckets (Steinarsson 2013): at most `most` points that keep the look of the line. */
export function lttb(curve: Curve, most: number): Curve {
  const { steps, values } = curve;
  const n = steps.length;
  if (n <= most) return curve;
  const chosen = [0];
  const width = (n - 2) / (most - 2);
  let last = 0;
  for (let bucket = 0; bucket < most - 2; bucket++) {
    const start = 1 + Math.floor(bucket * width);
    const end = 1 + Math.floor((bucket + 1) * width);
    const nextEnd = Math.min(n, 1 + Math.floor((bucket + 2) * width));
    const [x, y] = centre(curve, end, Math.max(end + 1, nextEnd));
    let [best, area] = [start, -1];
    for (let i = start; i < end; i++) {
      const size = Math.abs(
        ((steps[last] ?? 0) - x) * (finite(values[i]) - finite(values[last])) -
          ((steps[last] ?? 0) - (steps[i] ?? 0)) * (y - finite(values[last])),
      );
      if (size > area) [best, area] = [i, size];
    }
    chosen.push(best);
    last = best;
  }
  chosen.push(n - 1);
  return pick(curve, chosen);
}

function centre({ steps, values }: Curve, start: number, end: number): [number, number] {
  let [x, y, count] = [0, 0, 0];
  for (let i = start; i < Math.min(end, steps.length); i++) {
    x += steps[i] ?? 0;
    y += finite(values[i]);
    count++;
  }
  return count === 0 ? [steps.at(-1) ?? 0, finite(values.at(-1))] : [x / count, y / count];
}

function pick({ steps, values }: Curve, chosen: readonly number[]): Curve {
  return { steps: chosen.map((i) => steps[i] ?? 0), values: chosen.map((i) => values[i] ?? NaN) };
}

function rank(value: number | undefined): number {
  return value === undefined || Number.isNaN(value) ? -Infinity : value;
}

function finite(value: number | undefined): number {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

/** First index whose value is not below `wanted`. */
function lowerBound(sorted: readonly number[], wanted: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First index whose value is above `wanted`. */
function upperBound(sorted: readonly number[], wanted: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
