import { describe, expect, it } from "vitest";
import { mathdForm } from "./mathd.ts";

describe("mathdForm", () => {
  it.each([
    ["\\text{ east }", "east"],
    ["\\text{a}\\text{b}", "a}\\text{b"],
    ["\\frac12", "\\frac{1}{2}"],
    ["\\frac1{72}", "\\frac{1}{72}"],
    ["3/4", "\\frac{3}{4}"],
    ["01/2", "01/2"],
    ["-3/-4", "\\frac{-3}{-4}"],
    [".5", "\\frac{1}{2}"],
    ["0.50", "0.50"],
    ["k = 7", "7"],
    ["abc=7", "abc=7"],
    ["\\sqrt2x", "\\sqrt{2}x"],
    ["\\left(1, 2\\right)", "(1,2)"],
    ["5\\text{ cm}", "5"],
    ["5\\text{ cm}\\text{ x}", "5\\text{ cm}\\text{ x}"],
    ["\\frac", "\\frac"],
    ["50\\%", "50"],
    ["\\$5", "5"],
    ["90^\\circ", "90"],
  ])("%s → %s", (answer, form) => {
    expect(mathdForm(answer)).toBe(form);
  });
});
