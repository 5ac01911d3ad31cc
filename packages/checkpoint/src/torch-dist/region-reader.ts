import { itemSize, tensorBytes } from "../dtype.ts";
import { readExactly, readInto } from "../read-range.ts";
import type { ChunkReader, OpenChunk } from "./chunk-reader.ts";
import type { Region, StoredChunk, StoredTensor } from "./layout.ts";
import { contains, contiguousHull, copyRegion, halves, intersect, sameRegion } from "./region.ts";
import { strides } from "./tensor-archive.ts";

/** Bytes of a slab, and of what is read at once from a chunk to fill it, when memory is not given. */
const SLAB = 4 << 20;

/**
 * A part of a tensor in blocks, row-major, assembled from the chunks that it touches. Memory is bounded whatever the sizes of
 * region and chunks: the region is cut along its leading axes into slabs, and of each chunk only what a slab needs is read.
 * A chunk's CRC is checked on the way when all of it is wanted, else by reading it once more before. With a `buffer` all
 * blocks have its memory.
 */
export async function* regionBlocks(
  reader: ChunkReader,
  key: string,
  tensor: StoredTensor,
  region: Region,
  buffer?: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const exact = tensor.chunks.find((chunk) => sameRegion(chunk, region));
  if (exact !== undefined) {
    yield* reader.blocks(key, tensor, exact, buffer);
    return;
  }
  const sources: { chunk: StoredChunk; opened: OpenChunk; whole: boolean }[] = [];
  for (const chunk of tensor.chunks) {
    if (intersect(chunk, region) === undefined) continue;
    const whole = contains(region, chunk);
    if (!whole) await reader.verify(key, tensor, chunk);
    sources.push({ chunk, opened: await reader.open(key, tensor, chunk), whole });
  }
  // Half of the memory for the slab, half for what is read to fill it.
  const limit = buffer === undefined ? SLAB : buffer.byteLength >>> 1;
  const bytesOf = ({ sizes }: Region): number => tensorBytes(sizes, tensor.dtype);
  const fits = (slab: Region): boolean =>
    bytesOf(slab) <= limit &&
    sources.every(({ chunk }) => {
      const part = intersect(chunk, slab);
      return part === undefined || bytesOf(contiguousHull(part, chunk)) <= limit;
    });
  const size = itemSize(tensor.dtype);
  for (const slab of slabs(region, fits)) {
    const length = bytesOf(slab);
    const bytes = buffer?.subarray(0, length) ?? Buffer.allocUnsafe(length);
    for (const { chunk, opened, whole } of sources) {
      const part = intersect(chunk, slab);
      if (part === undefined) continue;
      const hull = contiguousHull(part, chunk);
      const { handle, file, entry } = opened;
      const start = entry.offset + offsetWithin(hull, chunk) * size;
      const memory = buffer?.subarray(limit, limit + bytesOf(hull));
      const read =
        memory === undefined
          ? await readExactly(handle, start, bytesOf(hull), file)
          : readInto(memory, handle, start, file);
      if (whole) opened.passed(read);
      copyRegion({ ...hull, bytes: read }, { ...slab, bytes }, part, size);
    }
    yield bytes;
  }
  for (const { opened, whole } of sources) if (whole) opened.checkCrc();
}

/** Cuts a region along its first axis that can be cut until every part fits; in row-major order. */
function* slabs(region: Region, fits: (slab: Region) => boolean): Generator<Region> {
  if (region.sizes.includes(0)) return;
  const cut = fits(region) ? undefined : halves(region);
  if (cut === undefined) yield region;
  else for (const half of cut) yield* slabs(half, fits);
}

/** Elements of the chunk before the region's first. */
function offsetWithin(region: Region, chunk: Region): number {
  return strides(chunk.sizes).reduce(
    (sum, stride, axis) =>
      sum + ((region.offsets[axis] ?? 0) - (chunk.offsets[axis] ?? 0)) * stride,
    0,
  );
}
