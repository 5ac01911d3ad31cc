import { describe, expect, it } from "vitest";
import { missingOutput } from "./compare-output.ts";

const exact = { numbersVary: false };
const numbers = { numbersVary: true };

describe("missingOutput", () => {
  it("takes the same lines, whatever the widths of their columns", () => {
    expect(missingOutput("a  b\nc\n", "a     b  \nc", exact)).toBeUndefined();
    expect(missingOutput("a\nb\n", "a\nx\nb\n", exact)).toContain("b");
    expect(missingOutput("a\n", "a\nmore\n", exact)).toContain("shown, and not printed");
    expect(missingOutput("a\n", "before\na\n", exact)).toContain("first");
  });

  it("takes anything for an ellipsis, and nothing for its absence", () => {
    expect(missingOutput("a\n…\nd\n", "a\nb\nc\nd\n", exact)).toBeUndefined();
    expect(missingOutput("…\nd\n", "a\nd\n", exact)).toBeUndefined();
    expect(missingOutput("a\n…\n", "a\nd\n", exact)).toBeUndefined();
    expect(missingOutput("a\n…\nd\n", "a\nd\ne\n", exact)).toContain("last");
    expect(missingOutput("…\nb\n…\na\n…\n", "a\nb\n", exact)).toContain("a");
    expect(missingOutput("one … three\n", "one two three\n", exact)).toBeUndefined();
    expect(missingOutput("one … four\n", "one two three\n", exact)).toBeDefined();
  });

  it("knows times, runs and digests, which are others each time", () => {
    const shown = "10:46:23 run 20261129-104622-25ef, hf-model f7e33d27c251, 4.9 s, 0.33/s";
    const printed = "22:01:00 run 20270101-000000-ffff, hf-model 000000000000, 1 m 12 s, 12/s";
    expect(missingOutput(shown, printed, exact)).toBeUndefined();
    expect(missingOutput(shown, printed.replace("hf-model", "recipe"), exact)).toBeDefined();
    expect(missingOutput("≈ 4.9 s", "≈ 12 ms", exact)).toBeUndefined();
  });

  it("compares numbers unless the page says that they vary", () => {
    expect(missingOutput("32.6 % of 500", "33.1 % of 500", exact)).toBeDefined();
    expect(missingOutput("32.6 % of 500", "33.1 % of 500", numbers)).toBeUndefined();
    expect(
      missingOutput("+34.2 points, p < 1e-6", "−1.0 points, p < 0.5", numbers),
    ).toBeUndefined();
    expect(missingOutput("32.6 % right", "33.1 % wrong", numbers)).toBeDefined();
  });
});
