import { describe, expect, it } from "vitest";
import { shuffleLabels } from "./shuffled-labels.ts";

describe("shuffleLabels", () => {
  const rows = Array.from({ length: 200 }, (_, i) => ({ prompt: `${i}?`, label: String(i) }));
  const shuffled = shuffleLabels(rows.map((row) => JSON.stringify(row)).join("\n"), 1)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { prompt: string; label: string });

  it("keeps prompts and the set of labels, and hardly a pair of them", () => {
    expect(shuffled.map(({ prompt }) => prompt)).toEqual(rows.map(({ prompt }) => prompt));
    expect(shuffled.map(({ label }) => Number(label)).sort((a, b) => a - b)).toEqual(
      rows.map((_, i) => i),
    );
    expect(shuffled.filter(({ label }, i) => label === String(i)).length).toBeLessThan(10);
  });
});
