import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { floatPaths } from "./float-paths.ts";

describe("floatPaths", () => {
  it("finds the numbers that Python reads as floats", () => {
    const text =
      '{"a": 27.0, "b": 27, "c": [1, 1e3, -0.0], "d": {"e": 2E1}, "f": "1.0", "g": null}';
    expect([...floatPaths(text)]).toEqual(["a", "c.1", "c.2", "d.e"]);
  });

  it("takes the last of two values, as Python does", () => {
    expect([...floatPaths('{"a": 1.0, "a": 1, "b": 1, "b": 1.0}')]).toEqual(["b"]);
  });

  it("finds none in what JavaScript writes of integers, and all in what has a fraction", () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), fc.array(fc.integer()), (whole, halves) => {
        const text = JSON.stringify({ whole, halves: halves.map((half) => half + 0.5) });
        expect([...floatPaths(text)]).toEqual(halves.map((_, place) => `halves.${place}`));
      }),
    );
  });

  it("refuses what is not JSON", () => {
    expect(() => floatPaths('{"a": 01}')).toThrow(SyntaxError);
  });
});
