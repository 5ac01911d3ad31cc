import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DTYPES, firstNonFinite, fromFloat32, itemSize, toFloat32 } from "./dtype.ts";
import { scannedMemory } from "./scanned-memory.ts";

const MEMORIES = {
  ordinary: (bytes: number) => new Uint8Array(bytes),
  scanned: (bytes: number) => scannedMemory(bytes),
};

describe.each(Object.entries(MEMORIES))("firstNonFinite in %s memory", (_, memory) => {
  it("finds what the values say, at any alignment and length", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...DTYPES),
        fc.array(
          fc.oneof(
            { weight: 200, arbitrary: fc.float({ noNaN: true, noDefaultInfinity: true }) },
            { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, -Infinity) },
          ),
          { maxLength: 160 },
        ),
        fc.integer({ min: 0, max: 3 }),
        (dtype, values, shift) => {
          const bytes = fromFloat32(Float32Array.from(values), dtype);
          const buffer = memory(bytes.byteLength + shift);
          buffer.set(bytes, shift);
          const index = toFloat32(bytes, dtype).findIndex((value) => !Number.isFinite(value));
          expect(firstNonFinite(buffer.subarray(shift), dtype)).toBe(
            index === -1 ? undefined : index,
          );
        },
      ),
      { numRuns: 500 },
    );
  });

  it("takes the largest finite numbers of either sign for finite", () => {
    const largest = { F32: [0xff, 0xff, 0x7f, 0x7f], F16: [0xff, 0x7b], BF16: [0x7f, 0x7f] };
    for (const dtype of DTYPES) {
      const one = largest[dtype];
      const negative = [...one.slice(0, -1), (one.at(-1) ?? 0) | 0x80];
      const some = [...one, ...negative, ...one, ...negative, ...negative];
      const bytes = memory(13 * some.length);
      bytes.set(Array.from({ length: 13 }, () => some).flat());
      expect(firstNonFinite(bytes, dtype)).toBeUndefined();
      bytes.set(
        dtype === "F32" ? [0, 0, 0x80, 0x7f] : dtype === "F16" ? [0, 0x7c] : [0x80, 0x7f],
        3 * itemSize(dtype),
      );
      expect(firstNonFinite(bytes, dtype)).toBe(3);
    }
  });
});

it("makes memory that vectors scan, of which the wanted bytes are given", () => {
  const block = scannedMemory(100);
  expect(block.byteLength).toBe(100);
  // WebAssembly's memory comes in pages of 64 KiB.
  expect(block.buffer.byteLength).toBe(1 << 16);
});
