import { describe, expect, it } from "vitest";
import type { Json } from "@moonlight-rl/core";
import { firstDifference, inputDistance } from "./difference.ts";
import type { KeyParts } from "./key.ts";

const model = (digest: string): Json => ({ $artifact: "hf-model", kindVersion: 1, digest });
const parts = (input: Json, code: KeyParts["code"] = { a: "1" }): KeyParts => ({
  stage: "s",
  code,
  input,
});

describe("firstDifference", () => {
  it.each<[string, Json, Json, string | undefined]>([
    ["equal inputs", { a: 1 }, { a: 1 }, undefined],
    ["a leaf", { a: { lr: 1, b: 2 } }, { a: { lr: 3, b: 4 } }, "input a.b: 2 → 4"],
    ["an absent field", {}, { a: null }, "input a: (absent) → null"],
    ["an element", { l: [1, 2] }, { l: [1] }, "input l[1]: 2 → (absent)"],
    [
      "flags of a command line",
      { set: ["rollout.numRollout=6"] },
      { set: ["seed=5", "rollout.numRollout=8"] },
      'input set.rollout.numRollout: "6" → "8"',
    ],
    [
      "the order of such flags",
      { s: ["a=1", "b=2"] },
      { s: ["b=2", "a=1"] },
      'input s[0]: "a=1" → "b=2"',
    ],
    ["a type", { a: [1] }, { a: { b: 1 } }, 'input a: [1] → {"b":1}'],
    [
      "an artifact",
      { m: model("a".repeat(64)) },
      { m: model("b".repeat(64)) },
      "input m: hf-model aaaaaaaaaaaa → hf-model bbbbbbbbbbbb",
    ],
    ["a long value", { t: "x".repeat(99) }, { t: "" }, `input t: "${"x".repeat(56)}… → ""`],
  ])("of %s", (_, before, now, text) => {
    expect(firstDifference(parts(before), parts(now))).toBe(text);
  });

  it("does not mind the order of an artifact's keys", () => {
    const sorted = { digest: "d", $artifact: "k", kindVersion: 1 };
    const other = { $artifact: "k", kindVersion: 1, digest: "d" };
    expect(firstDifference(parts({ m: sorted }), parts({ m: other }))).toBeUndefined();
  });

  it("of code comes after that of inputs", () => {
    const told = (before: KeyParts["code"], now: KeyParts["code"]) =>
      firstDifference(parts({}, before), parts({}, now));
    expect(told({ a: "1", b: "2" }, { a: "1", b: "3" })).toBe("code of b changed (2 → 3)");
    expect(told({ a: "1" }, { a: "1", b: "3" })).toBe("code: b was added");
    expect(told({ a: "1", b: "2" }, { a: "1", b: "absent" })).toBe("code: b is gone");
    expect(firstDifference(parts({ x: 1 }, { a: "1" }), parts({ x: 2 }, { a: "2" }))).toBe(
      "input x: 1 → 2",
    );
  });
});

it("inputDistance counts leaves, an artifact as one", () => {
  expect(inputDistance(parts({ a: 1, m: model("x") }), parts({ a: 2, m: model("y") }))).toBe(2);
});
