import { describe, expect, it } from "vitest";
import { latexToText } from "./latex-text.ts";

describe("latexToText", () => {
  it.each([
    ["\\frac{\\frac12}{3}", "1/2/3"],
    ["\\frac{1}", "%s/%s1"],
    ["{\\frac{1}}", "1/"],
    ["\\sqrt\\alpha", "√(α)"],
    ["a\\quad b", "a  b"],
    ["x\\\\[2pt]y", "x\ny"],
    ["\\unknown{x}", "x"],
    ["\\mbox{a b}c", "c"],
    ["\\mathbb{R}", "ℝ"],
    ["\\mathcal{F}", "ℱ"],
    ["\\vec{ab}", "a⃗b⃗"],
    ["\\not=", "≠"],
    ["a}b", "ab"],
    ["{a\\end{x}b}", "ab"],
    ["\\begin{cases}1 & 2\\\\3&4\\end{cases}", "1     2\n3   4"],
    ["\\begin{pmatrix}11&2\\\\3&444\\end{pmatrix}", "[  11   2;   3 444 ]"],
    ["\\[ a \\]", "\n    a\n"],
    ["\\( a \\)b", "ab"],
    ["--", "–"],
  ])("%s", (latex, text) => {
    expect(latexToText(latex)).toBe(text);
  });

  it("gives up where the reference does, and on deep nesting", () => {
    expect(latexToText("\\sqrt")).toBeUndefined();
    expect(latexToText("{".repeat(500))).toBeUndefined();
    expect(latexToText("\\frac{".repeat(100))).toBeUndefined();
  });
});
