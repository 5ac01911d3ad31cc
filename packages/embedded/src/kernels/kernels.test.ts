import { describe, expect, it } from "vitest";
import { CounterRandom } from "../engine/random.ts";
import { Arena } from "../inference/arena.ts";
import { instantiateKernels, type Kernels } from "./kernels.ts";
import { PANEL, type LinearKind } from "./linear.ts";

/** Kernels on a memory of their own, with arrays that are put there. */
function bench(): {
  kernels: Kernels;
  put: (values: readonly number[]) => number;
  table: (addresses: readonly number[]) => number;
  take: (address: number, count: number) => number[];
  noise: (count: number) => number[];
} {
  const arena = new Arena();
  const random = new CounterRandom(5, 0, 0);
  return {
    kernels: instantiateKernels(arena.memory),
    put: (values) => {
      const address = arena.allocate(values.length * 4 + 64);
      new Float32Array(arena.memory.buffer).set(values, address / 4);
      return address;
    },
    table: (addresses) => {
      const address = arena.allocate(addresses.length * 4);
      new Int32Array(arena.memory.buffer).set(addresses, address / 4);
      return address;
    },
    take: (address, count) => [...new Float32Array(arena.memory.buffer, address, count)],
    noise: (count) => Array.from({ length: count }, () => Math.fround(random.normal())),
  };
}

const silu = (x: number): number => x / (1 + Math.exp(-x));
/** The largest difference, relative for numbers beyond 1. */
const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? NaN)) / (1 + Math.abs(b[i] ?? NaN))));

describe("linear", () => {
  /** Runs one kind on `rows` rows of `length` numbers; ours, and what a plain loop makes of the same numbers. */
  function product(kind: LinearKind, rows: number, length: number, panels: number) {
    const { kernels, put, table, take, noise } = bench();
    const x = Array.from({ length: rows }, () => noise(length));
    const matrix = noise(panels * PANEL * length);
    const width = kind === "linearSwiglu" ? (panels * PANEL) / 2 : panels * PANEL;
    const before = Array.from({ length: rows }, () => noise(width));
    const factors = noise(rows);
    const targets = before.map(put);
    kernels[kind](
      table(x.map(put)),
      table(targets),
      rows,
      length,
      put(matrix),
      panels,
      put(factors),
    );
    const expected = x.map((row, r) => {
      const sums = Array.from({ length: panels * PANEL }, (_, column) => {
        const begin = Math.floor(column / PANEL) * PANEL * length + (column % PANEL);
        return row.reduce((sum, value, k) => sum + value * (matrix[begin + k * PANEL] ?? NaN), 0);
      });
      return Array.from({ length: width }, (_, i) => {
        const old = before[r]?.[i] ?? NaN;
        if (kind === "linear") return sums[i] ?? NaN;
        if (kind === "linearAdd") return old + (sums[i] ?? NaN);
        if (kind === "linearAddScaled") return old + (factors[r] ?? NaN) * (sums[i] ?? NaN);
        const gate = Math.floor(i / 4) * PANEL + (i % 4);
        return silu(sums[gate] ?? NaN) * (sums[gate + 4] ?? NaN);
      });
    });
    return { made: targets.map((target) => take(target, width)), expected };
  }

  it.each(["linear", "linearAdd", "linearAddScaled", "linearSwiglu"] as const)(
    "%s gives what a plain loop gives, for any number of rows",
    (kind) => {
      for (const rows of [1, 2, 3, 4, 5, 6, 7, 9, 16, 23, 24, 43])
        for (const length of [1, 6, 64]) {
          const { made, expected } = product(kind, rows, length, 3);
          made.forEach((row, r) => {
            expect(apart(row, expected[r] ?? [])).toBeLessThan(1e-5);
          });
        }
    },
  );

  it("gives a row the same bits alone and in company", () => {
    const { kernels, put, table, take, noise } = bench();
    const rows = Array.from({ length: 27 }, () => put(noise(40)));
    const matrix = put(noise(2 * PANEL * 40));
    const run = (members: readonly number[]): number[][] => {
      const targets = members.map(() => put(noise(2 * PANEL)));
      const [x, y] = [table(members), table(targets)];
      kernels.linear(x, y, members.length, 40, matrix, 2, 0);
      return targets.map((target) => take(target, 2 * PANEL));
    };
    const together = run(rows);
    expect(rows.flatMap((row) => run([row]))).toEqual(together);
    expect(run(rows.toReversed())).toEqual(together.toReversed());
  });
});

describe("softmax", () => {
  it.each([1, 3, 4, 5, 24, 127])("of %i numbers is that of a plain loop", (count) => {
    const { kernels, put, take, noise } = bench();
    const stride = (count + 8) * 4;
    const rows = [noise(count + 8).map((x) => 20 * x), noise(count + 8)];
    const address = put(rows.flat());
    kernels.softmax(address, 2, stride, count, 0.7);
    rows.forEach((row, r) => {
      const counted = row.slice(0, count).map((x) => 0.7 * x);
      const most = Math.max(...counted);
      const total = counted.reduce((sum, x) => sum + Math.exp(x - most), 0);
      const made = take(address + r * stride, count);
      made.forEach((value, i) => {
        const exponent = (counted[i] ?? NaN) - most;
        const exact = Math.exp(exponent) / total;
        // What float32 rounds off the exponent is a share of the result.
        expect(Math.abs(value - exact)).toBeLessThan(3e-7 * (1 - exponent) * exact + 1e-30);
      });
    });
  });

  it("leaves nothing of what is hopeless", () => {
    const { kernels, put, take } = bench();
    const address = put([0, -200, -86, 0]);
    kernels.softmax(address, 1, 0, 4, 1);
    const [first, second, third] = take(address, 4);
    expect(first).toBeCloseTo(0.5, 6);
    expect(second).toBe(0);
    expect(third).toBeGreaterThan(0);
  });
});

describe("norm", () => {
  it("divides by the root of the mean of the squares of those numbers that count", () => {
    const { kernels, put, table, take, noise } = bench();
    const rows = [noise(10), noise(10)].map((row) => [...row, 0, 0]);
    const targets = rows.map(() => put(noise(12)));
    kernels.norm(table(rows.map(put)), table(targets), 2, 48, 10, 1e-5);
    rows.forEach((row, r) => {
      const scale = 1 / Math.sqrt(row.reduce((sum, x) => sum + x * x, 0) / 10 + 1e-5);
      const expected = row.map((x) => x * scale);
      expect(apart(take(targets[r] ?? 0, 12), expected)).toBeLessThan(1e-6);
    });
  });
});
