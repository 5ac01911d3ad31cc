import type { Region } from "./layout.ts";
import { strides } from "./tensor-archive.ts";
import { elementCount } from "../dtype.ts";

/** What two boxes share, or undefined. */
export function intersect(a: Region, b: Region): Region | undefined {
  const offsets = a.offsets.map((offset, axis) => Math.max(offset, b.offsets[axis] ?? 0));
  const ends = a.offsets.map((offset, axis) =>
    Math.min(offset + (a.sizes[axis] ?? 0), (b.offsets[axis] ?? 0) + (b.sizes[axis] ?? 0)),
  );
  const sizes = ends.map((end, axis) => end - (offsets[axis] ?? 0));
  return sizes.every((size) => size > 0) ? { offsets, sizes } : undefined;
}

/** All of a tensor. */
export function wholeRegion(shape: readonly number[]): Region {
  return { offsets: shape.map(() => 0), sizes: shape };
}

export function sameRegion(a: Region, b: Region): boolean {
  return a.offsets.join() === b.offsets.join() && a.sizes.join() === b.sizes.join();
}

/** Whether all of `inner` is in `outer`. */
export function contains(outer: Region, inner: Region): boolean {
  const shared = intersect(outer, inner);
  return shared !== undefined && sameRegion(shared, inner);
}

/** The two halves along the first axis that has more than one index, or undefined for a single element. */
export function halves({ offsets, sizes }: Region): [Region, Region] | undefined {
  const axis = sizes.findIndex((size) => size > 1);
  if (axis === -1) return undefined;
  const first = Math.floor((sizes[axis] ?? 0) / 2);
  return [
    { offsets, sizes: sizes.with(axis, first) },
    {
      offsets: offsets.with(axis, (offsets[axis] ?? 0) + first),
      sizes: sizes.with(axis, (sizes[axis] ?? 0) - first),
    },
  ];
}

/** The smallest box around `part` whose elements lie one after the other in `chunk`: full along all but the leading axes. */
export function contiguousHull(part: Region, chunk: Region): Region {
  const range = part.sizes.findIndex((size) => size > 1);
  const full = (axis: number): boolean => range !== -1 && axis > range;
  return {
    offsets: part.offsets.map((offset, axis) => (full(axis) ? (chunk.offsets[axis] ?? 0) : offset)),
    sizes: part.sizes.map((size, axis) => (full(axis) ? (chunk.sizes[axis] ?? 0) : size)),
  };
}

/** A box's bytes, row-major. */
export interface Box extends Region {
  readonly bytes: Uint8Array;
}

/** Copies `part`, which lies in both boxes, from one to the other: whole runs along the last axes at a time. */
export function copyRegion(from: Box, to: Box, part: Region, itemSize: number): void {
  const rank = part.sizes.length;
  // Axes that both boxes hold in full and contiguously are one run.
  let run = rank;
  let runLength = 1;
  while (run > 0) {
    const axis = run - 1;
    runLength *= part.sizes[axis] ?? 1;
    run--;
    if (part.sizes[axis] !== from.sizes[axis] || part.sizes[axis] !== to.sizes[axis]) break;
  }
  const [fromStrides, toStrides] = [strides(from.sizes), strides(to.sizes)];
  const start = (box: Box, boxStrides: readonly number[]): number =>
    part.offsets.reduce(
      (sum, offset, axis) => sum + (offset - (box.offsets[axis] ?? 0)) * (boxStrides[axis] ?? 0),
      0,
    );
  const [fromStart, toStart] = [start(from, fromStrides), start(to, toStrides)];
  const counts = part.sizes.slice(0, run);
  const index = counts.map(() => 0);
  for (let i = 0; i < elementCount(counts); i++) {
    let source = fromStart;
    let target = toStart;
    for (let axis = 0; axis < run; axis++) {
      source += (index[axis] ?? 0) * (fromStrides[axis] ?? 0);
      target += (index[axis] ?? 0) * (toStrides[axis] ?? 0);
    }
    to.bytes.set(
      from.bytes.subarray(source * itemSize, (source + runLength) * itemSize),
      target * itemSize,
    );
    advance(index, counts);
  }
}

function advance(index: number[], counts: readonly number[]): void {
  for (let axis = counts.length - 1; axis >= 0; axis--) {
    index[axis] = (index[axis] ?? 0) + 1;
    if ((index[axis] ?? 0) < (counts[axis] ?? 0)) return;
    index[axis] = 0;
  }
}

/** Why the regions do not tile the shape exactly once, or undefined when they do. */
export function tilingFault(
  shape: readonly number[],
  regions: readonly Region[],
): string | undefined {
  for (const { offsets, sizes } of regions) {
    const inside =
      offsets.length === shape.length &&
      sizes.length === shape.length &&
      shape.every((size, axis) => (offsets[axis] ?? 0) + (sizes[axis] ?? 0) <= size);
    if (!inside)
      return `the chunk at [${offsets.join(", ")}] of size [${sizes.join(", ")}] is not within [${shape.join(", ")}]`;
  }
  const sorted = [...regions].sort((a, b) => compare(a.offsets, b.offsets));
  for (const [i, region] of sorted.entries()) {
    for (let j = i + 1; j < sorted.length; j++) {
      const other = sorted[j];
      if (
        other === undefined ||
        (other.offsets[0] ?? 0) >= (region.offsets[0] ?? 0) + (region.sizes[0] ?? 0)
      )
        break;
      if (intersect(region, other) !== undefined)
        return `the chunks at [${region.offsets.join(", ")}] and [${other.offsets.join(", ")}] overlap`;
    }
  }
  const covered = regions.reduce((sum, { sizes }) => sum + elementCount(sizes), 0);
  const wanted = elementCount(shape);
  return covered === wanted ? undefined : `its chunks cover ${covered} of ${wanted} elements`;
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [axis, value] of a.entries()) if (value !== b[axis]) return value - (b[axis] ?? 0);
  return 0;
}
