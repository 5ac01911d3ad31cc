import { describe, expect, it } from "vitest";
import { getGrader, GRADER_NAMES } from "./get-grader.ts";

describe("getGrader", () => {
  it("knows its own names", () => {
    for (const name of GRADER_NAMES) expect(getGrader(name)).toBeTypeOf("function");
  });

  it("suggests a name for a typo", () => {
    expect(() => getGrader("maths")).toThrow(
      expect.objectContaining({ code: "GRADER_UNKNOWN", hint: 'Did you mean "math"?' }),
    );
    expect(() => getGrader("constructor")).toThrow(
      expect.objectContaining({ code: "GRADER_UNKNOWN" }),
    );
  });

  it("grades after the reasoning only, where the name says so", () => {
    const deepscaler = getGrader("deepscaler");
    expect(deepscaler("\\boxed{5}", "5").outcome).toBe("no_answer");
    expect(deepscaler("<think>\\boxed{4}</think>\\boxed{5}", 5).reward).toBe(1);
    expect(deepscaler("a###Response\\boxed{0}", 0).reward).toBe(1);
    expect(getGrader("gemma_math")("\\boxed{5}", "5").reward).toBe(1);
    expect(() => deepscaler("</think>\\boxed{5}", null)).toThrow(
      expect.objectContaining({ code: "LABEL_NOT_SCALAR" }),
    );
  });
});
