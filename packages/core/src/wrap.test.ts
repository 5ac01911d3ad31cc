import { describe, expect, it } from "vitest";
import { wrapText } from "./wrap.ts";

describe("a text", () => {
  it("breaks between words, and never within a command", () => {
    const text = "one two `three four` five";
    expect(wrapText(text, { width: 9, first: "- ", rest: "  " })).toBe(
      "- one two\n  `three four`\n  five",
    );
    expect(wrapText(`${text}  six`, { width: 80 })).toBe(`${text}  six`);
  });

  it("is measured as it is seen", () => {
    const green = "\u001B[32mgreen\u001B[39m";
    expect(wrapText(`${green} ${green} ${green}`, { width: 11 })).toBe(
      `${green} ${green}\n${green}`,
    );
  });

  it("keeps what fits on no line", () => {
    expect(wrapText("a verylongword b", { width: 4 })).toBe("a\nverylongword\nb");
    expect(wrapText("", { width: 4, first: "- " })).toBe("- ");
  });
});
