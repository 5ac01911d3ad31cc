import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ResponseText, type TextSettings } from "./response-text.ts";

/** A tokenizer whose tokens are bytes; 256 is a special token. */
const tokenizer = {
  decode: (ids: readonly number[], options: { readonly skipSpecialTokens?: boolean } = {}) => {
    const special = options.skipSpecialTokens === true ? "" : "<end>";
    const bytes = ids.flatMap((id) => (id === 256 ? [...Buffer.from(special)] : [id]));
    return Buffer.from(bytes).toString("utf8");
  },
};
const settings: TextSettings = { stop: [], skipSpecialTokens: true, keepStop: false };

/** The parts that a response is given out in, and the stop text. */
function run(
  tokens: readonly number[],
  changes: Partial<TextSettings>,
): { readonly parts: string[]; readonly stoppedBy: string | undefined } {
  const text = new ResponseText(tokenizer, { ...settings, ...changes });
  const parts: string[] = [];
  for (const token of tokens) {
    parts.push(text.push(token));
    if (text.stoppedBy !== undefined) return { parts, stoppedBy: text.stoppedBy };
  }
  parts.push(text.end());
  return { parts, stoppedBy: text.stoppedBy };
}

describe("the text of a response", () => {
  it("waits for whole characters", () => {
    expect(run([...Buffer.from("a€😀")], {}).parts).toEqual([
      "a",
      "",
      "",
      "€",
      "",
      "",
      "",
      "😀",
      "",
    ]);
    expect(run([0xe2, 0x82], {}).parts).toEqual(["", "", "\uFFFD"]);
  });

  it("waits where a stop text may begin, and cuts at the earliest", () => {
    const stop = ["\n\n", "\nEND"];
    expect(run([...Buffer.from("a\nb\nEND c")], { stop })).toEqual({
      parts: ["a", "", "\nb", "", "", "", ""],
      stoppedBy: "\nEND",
    });
    expect(run([...Buffer.from("x\n")], { stop }).parts.join("")).toBe("x\n");
    expect(run([...Buffer.from("x\n\n")], { stop, keepStop: true }).parts.join("")).toBe("x\n\n");
  });

  it("leaves special tokens out, or in", () => {
    expect(run([65, 256], {}).parts.join("")).toBe("A");
    expect(run([65, 256], { skipSpecialTokens: false }).parts.join("")).toBe("A<end>");
  });

  it("is the whole decoded text up to the first stop, whatever the bytes", () => {
    const byte = fc.oneof(fc.constantFrom(97, 98, 10), fc.integer({ min: 0, max: 256 }));
    fc.assert(
      fc.property(
        fc.array(byte, { maxLength: 30 }),
        fc.array(fc.constantFrom("a", "ab", "ba\n", "\n\n", "é"), { maxLength: 3 }),
        (tokens, stop) => {
          const whole = tokenizer.decode(tokens, { skipSpecialTokens: true });
          const { parts, stoppedBy } = run(tokens, { stop });
          const text = parts.join("");
          if (stoppedBy === undefined) {
            expect(text).toBe(whole);
            expect(stop.some((one) => whole.includes(one))).toBe(false);
          } else {
            expect(whole.startsWith(text + stoppedBy)).toBe(true);
            expect(stop.some((one) => text.includes(one))).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
