import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { RangeSet } from "./range-set.ts";

describe("RangeSet", () => {
  it("says what is missing in bounded pieces", () => {
    const set = new RangeSet();
    set.add({ start: 10, end: 20 });
    expect(set.missing(25, 6)).toEqual([
      { start: 0, end: 6 },
      { start: 6, end: 10 },
      { start: 20, end: 25 },
    ]);
    expect(set.frontier).toBe(0);
    set.add({ start: 0, end: 10 });
    expect(set.frontier).toBe(20);
  });

  it("agrees with a set of bytes for any ranges", () => {
    const range = fc
      .tuple(fc.nat(60), fc.nat(60))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) }));
    fc.assert(
      fc.property(fc.array(range), fc.integer({ min: 1, max: 20 }), (ranges, limit) => {
        const set = new RangeSet();
        const bytes = new Set<number>();
        for (const one of ranges) {
          set.add(one);
          for (let i = one.start; i < one.end; i++) bytes.add(i);
        }
        expect(set.bytes).toBe(bytes.size);
        for (const at of [0, 20, 59]) {
          let end = at;
          while (bytes.has(end)) end++;
          expect(set.endFrom(at)).toBe(end);
        }
        const missing = set.missing(60, limit);
        const lacking = missing.flatMap(({ start, end }) => {
          expect(end - start).toBeGreaterThan(0);
          expect(end - start).toBeLessThanOrEqual(limit);
          return Array.from({ length: end - start }, (_, i) => start + i);
        });
        expect(lacking).toEqual(
          Array.from({ length: 60 }, (_, i) => i).filter((i) => !bytes.has(i)),
        );
      }),
    );
  });
});
