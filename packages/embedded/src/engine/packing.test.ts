import { describe, expect, it } from "vitest";
import { packSequences } from "./packing.ts";

const sample = (prompt: readonly number[], response: readonly number[]) => ({
  tokens: [...prompt, ...response],
  promptLength: prompt.length,
});

describe("packSequences", () => {
  it("computes a shared prompt once, and never feeds a last token", () => {
    const batches = packSequences(
      [sample([1, 2], [3, 4]), sample([1], [2, 3, 4]), sample([1, 2], [5, 6, 7])],
      100,
    );
    expect(batches).toEqual([
      {
        length: 5,
        rows: [
          { prompt: [1, 2], samples: [0, 2], length: 5 },
          { prompt: [1], samples: [1], length: 3 },
        ],
      },
    ]);
  });

  it("keeps micro-batches within the limit, and every sample once", () => {
    const samples = Array.from({ length: 50 }, (_, i) =>
      sample(
        [i % 7, 9],
        Array.from({ length: 1 + (i % 40) }, () => 3),
      ),
    );
    const batches = packSequences(samples, 200);
    for (const { rows, length } of batches) {
      expect(rows.length === 1 || rows.length * length <= 200).toBe(true);
      expect(Math.max(...rows.map((row) => row.length))).toBe(length);
    }
    const seen = batches.flatMap(({ rows }) => rows.flatMap((row) => row.samples));
    expect(seen.toSorted((a, b) => a - b)).toEqual([...samples.keys()]);
  });
});
