import { describe, expect, it } from "vitest";
import { gradeMath } from "./math.ts";
import type { Label } from "./grade.ts";

function grade(answer: string, label: Label): string {
  const { reward, outcome } = gradeMath(`so \\boxed{${answer}}`, label);
  expect(reward).toBe(outcome === "correct" ? 1 : 0);
  return outcome;
}

describe("extraction", () => {
  it("takes the last box only", () => {
    expect(gradeMath("\\boxed{1} no, \\boxed{2}", "2").extracted).toBe("2");
    expect(gradeMath("\\boxed{2} and \\boxed{2", "2")).toEqual({
      reward: 0,
      outcome: "no_answer",
      extracted: null,
    });
    expect(gradeMath("\\boxed 2", "2").outcome).toBe("no_answer");
  });

  it("tells a cut-off response from one without an answer, at the same reward", () => {
    expect(gradeMath("let us see", "2", { truncated: true }).outcome).toBe("truncated");
    expect(gradeMath("\\boxed{2} and then", "2", { truncated: true })).toEqual({
      reward: 1,
      outcome: "correct",
      extracted: "2",
    });
  });

  it("balances braces and reads a label with a box", () => {
    expect(grade("\\frac{1}{2}", "\\boxed{\\frac{1}{2}}")).toBe("correct");
    expect(grade("5", "\\boxed{5")).toBe("wrong");
  });
});

describe("labels", () => {
  it("never rewards a missing one, which to the reference includes 0", () => {
    for (const label of [null, undefined, "", 0, false, [], {}]) {
      expect(grade("0", label)).toBe("wrong");
    }
    expect(grade("0", "0")).toBe("correct");
  });

  it("writes numbers, truth values and lists as the reference does", () => {
    expect(grade("85", 85)).toBe("correct");
    expect(grade("True", true)).toBe("correct");
    expect(grade("['5']", ["5"])).toBe("correct");
  });
});

describe("equality", () => {
  it.each([
    ["\\dfrac12", "\\frac{1}{2}", "correct"],
    ["x=5", "5", "correct"],
    ["90^\\circ", "90", "correct"],
    ["3{,}000", "3000", "correct"],
    ["3,000", "3000", "correct"],
    ["1,234,567,890", "1234567890", "wrong"],
    ["25\\%", "25", "correct"],
    ["12 cm", "12", "correct"],
    ["0.5", "\\frac12", "correct"],
    ["2/4", "1/2", "wrong"],
    ["10/2", "5", "wrong"],
    ["(1,2)", "(1,2)", "correct"],
    ["(1, 2)", "[1,2]", "wrong"],
    ["(2,1)", "(1,2)", "wrong"],
    ["(\\frac12,3)", "(0.5,3)", "correct"],
    ["1\\frac12", "\\frac32", "correct"],
    ["x(x+1)", "x^2+x", "correct"],
    ["(x^2-1)/(x-1)", "x+1", "correct"],
    ["2\\pi", "\\pi+\\pi", "correct"],
    ["0.1+0.2", "0.3", "wrong"],
    ["3\\sqrt{8}", "6\\sqrt2", "correct"],
    ["\\sqrt2+\\sqrt3", "\\sqrt{5+2\\sqrt6}", "correct"],
    ["y=2x+1", "y=1+2x", "unparsable"],
    ["x+y+z", "z+y+x", "unparsable"],
  ])("%s against %s: %s", (answer, label, outcome) => {
    expect(grade(answer, label)).toBe(outcome);
  });
});

describe("hostile answers", () => {
  const million = 1 << 20;
  it.each([
    ["a tower of powers", "9**9**9**9"],
    ["factorials of factorials", "((99!)!)!"],
    ["a long tower", "9^".repeat(million) + "9"],
    ["open braces", "{".repeat(million) + "}".repeat(million)],
    ["parentheses", "(".repeat(20_000) + "1" + ")".repeat(20_000)],
    ["fractions that never end", "\\frac{".repeat(15_000) + "}".repeat(15_000)],
    ["digits", "9".repeat(million)],
    ["groups of digits", "1,234,".repeat(15_000) + "5"],
    ["a wide matrix", `\\begin{pmatrix}${"1&2\\\\".repeat(18_000)}\\end{pmatrix}`],
    ["blanks", `1${" ".repeat(million)}2`],
    ["backslashes", "\\".repeat(95_000)],
  ])("%s: no reward, in bounded time", (_, answer) => {
    expect(gradeMath(`\\boxed{${answer}}`, "2x").reward).toBe(0);
  });

  it("finds no answer in ten million characters that open boxes", () => {
    expect(gradeMath("\\boxed{".repeat(1_500_000), "1").outcome).toBe("no_answer");
  });
});
