import { describe, expect, it } from "vitest";
import { recordedGroups, tokenTexts } from "./recorded-groups.ts";

/** Tokens are bytes. */
const bytes = { decode: (ids: readonly number[]) => Buffer.from(ids).toString("utf8") };

describe("tokenTexts", () => {
  it("puts characters of several tokens where they end", () => {
    const tokens = [...Buffer.from("aé😀b")];
    expect(tokenTexts(tokens, bytes)).toEqual(["a", "", "é", "", "", "", "😀", "b"]);
  });

  it("shows what never becomes a character", () => {
    expect(tokenTexts([0x61, 0xc3], bytes)).toEqual(["a", "\uFFFD"]);
  });
});

describe("recordedGroups", () => {
  it("takes advantages and reference log-probs in the order of the samples", () => {
    const sample = (reward: number) => ({
      tokens: [0x37],
      logProbs: [Math.fround(-0.1)],
      finishReason: "length" as const,
      text: "7",
      grade: { reward, outcome: "correct" as const, extracted: "7" },
    });
    const prompt = { text: "<3+4>", question: "3+4", tokens: [1], label: 7 };
    const trained = [0.5, -0.5, 2].map((value) => ({
      advantage: Float32Array.of(value),
      refLogProbs: Float32Array.of(value - 3),
    }));
    const groups = [
      { prompt, samples: [sample(1), sample(0)] },
      { prompt, samples: [{ ...sample(1), lossMask: [0] }] },
    ];
    const [first, second] = recordedGroups(groups, trained as never, bytes);
    expect(first).toMatchObject({ question: "3+4", promptText: "<3+4>", label: "7" });
    expect(first?.samples).toMatchObject([
      { advantage: 0.5, refLogProbs: [-2.5], logProbs: [-0.1], tokens: ["7"], truncated: true },
      { advantage: -0.5, extracted: "7" },
    ]);
    // No token of it counts.
    expect(second?.samples[0]).not.toHaveProperty("advantage");
    expect(second?.samples[0]).toMatchObject({ lossMask: [0], refLogProbs: [-1] });
  });
});
