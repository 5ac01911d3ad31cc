import { describe, expect, it } from "vitest";
import { integerValue, normalize, withoutGroupCommas } from "./normalize.ts";

describe("normalize", () => {
  it.each([
    ["\\frac{x+1}{2}", "x+1/2"],
    ["3\\frac{1}{4}", "3+1/4"],
    ["2 or 3", "2,3"],
    ["5 million", "5*10^6"],
    ["12 square meters", "12square"],
    ["Monday", "mon"],
    ["1e3", "1000"],
    ["٣", "3"],
    ["4.99999999", "5"],
    ["\\mathrm{4.99999999}", "4"],
    ["-0", "0"],
    ["\\{1,2\\}", "1,2"],
    ["\\sqrt[3]{8}", "sqrt(8)"],
    ["\\infty", "inf"],
    ["32,\\! 349", "32349"],
    ["x\\ne 5", "x5"],
    ["\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "[1+2;3+4]"],
  ])("%s → %s", (answer, form) => {
    expect(normalize(answer)).toBe(form);
  });
});

describe("integers", () => {
  it("are read as the reference does, by way of a double", () => {
    expect(integerValue("1,234")).toBe(1234);
    expect(integerValue("5.0")).toBe(5);
    expect(integerValue("5.5")).toBeUndefined();
    expect(integerValue("1_000")).toBe(1000);
    expect(integerValue("1__0")).toBeUndefined();
    expect(integerValue("inf")).toBeUndefined();
  });

  it("lose every second group comma only", () => {
    expect(withoutGroupCommas("1,234,567")).toBe("1234567");
    expect(withoutGroupCommas("1,234,567,890")).toBe("1234,567890");
  });
});
