import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
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

  it("makes of every command and environment that the reference's converter knows what that makes of it", () => {
    const file = new URL("../golden/latex-text.golden.jsonl.gz", import.meta.url);
    const lines = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n");
    const cases = lines.map((line) => JSON.parse(line) as [string, string | null]);
    expect(cases.length).toBeGreaterThan(9_000);
    // Blanks go before two answers are compared.
    const plain = (text: string | null | undefined): string | null =>
      text?.replaceAll(/\s+/g, " ").trim() ?? null;
    const others = cases.filter(([latex, text]) => plain(latexToText(latex)) !== plain(text));
    expect(others).toEqual([]);
  });

  it("gives up where the reference does, and on deep nesting", () => {
    expect(latexToText("\\sqrt")).toBeUndefined();
    expect(latexToText("{".repeat(500))).toBeUndefined();
    expect(latexToText("\\frac{".repeat(100))).toBeUndefined();
  });
});
