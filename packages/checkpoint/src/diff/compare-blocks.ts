import { itemSize, toFloat32, type Dtype } from "../dtype.ts";

/** How far two tensors of the same shape are apart. */
export interface Difference {
  /** Elements whose values, widened to float32, have other bits; two NaNs are equal. */
  readonly differing: number;
  /** Largest |a − b| where both are finite. */
  readonly maxAbs: number;
  /** Largest |a − b| / max(|a|, |b|) where both are finite. */
  readonly maxRel: number;
  /** Differing elements of which at least one is NaN or infinite: `maxAbs` says nothing of them. */
  readonly nonFinite: number;
}

export interface BlockStream {
  readonly dtype: Dtype;
  readonly blocks: AsyncIterable<Uint8Array>;
}

/** Compares two streams of as many elements, whatever their blocks; memory is one block of each. */
export async function compareBlocks(
  a: BlockStream,
  b: BlockStream,
  onBytes?: (bytes: number) => void,
): Promise<Difference> {
  const total = { differing: 0, maxAbs: 0, maxRel: 0, nonFinite: 0 };
  const [left, right] = [new ElementReader(a), new ElementReader(b)];
  try {
    for (;;) {
      const count = Math.min(await left.available(), await right.available());
      if (count === 0) return total;
      const [bytes, others] = [left.take(count), right.take(count)];
      if (a.dtype !== b.dtype || Buffer.compare(bytes, others) !== 0)
        compareValues(toFloat32(bytes, a.dtype), toFloat32(others, b.dtype), total);
      onBytes?.(bytes.byteLength);
    }
  } finally {
    await left.close();
    await right.close();
  }
}

/** Hands out whole elements of a stream. */
class ElementReader {
  readonly #size: number;
  readonly #blocks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor({ dtype, blocks }: BlockStream) {
    this.#size = itemSize(dtype);
    this.#blocks = blocks[Symbol.asyncIterator]();
  }

  /** Elements that can be taken; 0 at the end. */
  async available(): Promise<number> {
    while (this.#rest.byteLength < this.#size) {
      const next = await this.#blocks.next();
      if (next.done === true) return 0;
      this.#rest =
        this.#rest.byteLength === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
    }
    return Math.floor(this.#rest.byteLength / this.#size);
  }

  take(count: number): Uint8Array {
    const bytes = this.#rest.subarray(0, count * this.#size);
    this.#rest = this.#rest.subarray(bytes.byteLength);
    return bytes;
  }

  async close(): Promise<void> {
    await this.#blocks.return?.();
  }
}

function compareValues(
  a: Float32Array,
  b: Float32Array,
  total: { -readonly [K in keyof Difference]: number },
): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] ?? 0, b[i] ?? 0];
    if (Object.is(x, y)) continue;
    total.differing += 1;
    const distance = Math.abs(x - y);
    if (!Number.isFinite(x) || !Number.isFinite(y)) total.nonFinite += 1;
    else if (distance > 0) {
      total.maxAbs = Math.max(total.maxAbs, distance);
      total.maxRel = Math.max(total.maxRel, distance / Math.max(Math.abs(x), Math.abs(y)));
    }
  }
}
