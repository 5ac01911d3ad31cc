import { describe, expect, it } from "vitest";
import { gradeDapo } from "./dapo.ts";

describe("gradeDapo", () => {
  it.each([
    ["Answer: 34", "34", 1],
    ["answer :\n $34$", "34", 1],
    ["Answer: 1,000", "1000", 1],
    ["Answer: x = 5", "5", 1],
    ["Answer: $5$ or $6$", "5", 1],
    ["Answer: \\boxed{7}", 7, 1],
    ["Answer: 073", "73", -1],
    ["Answer: 5.0", "5", -1],
    ["Answer: 73", "073", 1],
    ["Answer: 1\nAnswer: 2", "2", 1],
    ["\\boxed{5}", "5", -1],
    [`Answer: 5\n${"x".repeat(300)}`, "5", -1],
  ])("%j against %j: %d", (response, label, reward) => {
    expect(gradeDapo(response, label).reward).toBe(reward);
  });

  it("counts the window in characters, not code units", () => {
    expect(gradeDapo(`Answer: 5\n${"😀".repeat(290)}`, "5").outcome).toBe("correct");
    expect(gradeDapo(`Answer: 5\n${"😀".repeat(291)}`, "5").outcome).toBe("no_answer");
  });

  it("refuses a label that is not a number, by name", () => {
    expect(() => gradeDapo("Answer: x", "x")).toThrow(
      expect.objectContaining({ code: "LABEL_NOT_NUMERIC" }),
    );
  });
});
