import { describe, expect, it } from "vitest";
import { CounterRandom } from "../engine/random.ts";
import { Arena } from "./arena.ts";

describe("Arena", () => {
  it("gives parts that do not overlap, and takes them back", () => {
    const arena = new Arena();
    const random = new CounterRandom(3, 0, 0);
    const taken = new Map<number, number>();
    for (let turn = 0; turn < 2000; turn++) {
      const [oldest] = taken.keys();
      if (oldest !== undefined && random.uniform() < 0.5) {
        arena.free(oldest);
        taken.delete(oldest);
        continue;
      }
      const bytes = 1 + Math.floor(random.uniform() * 5000);
      const address = arena.allocate(bytes);
      expect(address).toBeGreaterThan(0);
      expect(address % 64).toBe(0);
      expect(address + bytes).toBeLessThanOrEqual(arena.memory.buffer.byteLength);
      for (const [other, size] of taken)
        expect(address + bytes <= other || other + size <= address).toBe(true);
      taken.set(address, bytes);
    }
  });

  it("uses what was given back instead of growing", () => {
    const arena = new Arena();
    const first = arena.allocate(1_000_000);
    const second = arena.allocate(1_000_000);
    const size = arena.memory.buffer.byteLength;
    for (let turn = 0; turn < 50; turn++) {
      arena.free(first);
      expect(arena.allocate(1_000_000)).toBe(first);
    }
    arena.free(first);
    arena.free(second);
    expect(arena.allocate(1_900_000)).toBe(first);
    expect(arena.memory.buffer.byteLength).toBe(size);
  });

  it("says what is missing when there is no more", () => {
    expect(() => new Arena().allocate(2 ** 33)).toThrow(
      expect.objectContaining({ code: "ENGINE_MEMORY" }),
    );
  });
});
