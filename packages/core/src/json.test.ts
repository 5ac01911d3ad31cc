import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOf } from "./digest.ts";
import { canonicalJson } from "./json.ts";

describe("canonicalJson", () => {
  it("sorts keys by code unit at every depth", () => {
    expect(canonicalJson({ b: { d: 1, c: 2 }, B: 0, a: [{ z: 1, y: 2 }], é: 3 })).toBe(
      '{"B":0,"a":[{"y":2,"z":1}],"b":{"c":2,"d":1},"é":3}',
    );
  });

  it("sorts objects with many keys as it sorts small ones", () => {
    const names = Array.from({ length: 500 }, (_, i) => `k${i}`);
    const backwards = Object.fromEntries([...names].reverse().map((name) => [name, 1]));
    const sorted = [...names].sort((a, b) => (a < b ? -1 : 1));
    expect(Object.keys(JSON.parse(canonicalJson(backwards)) as object)).toEqual(sorted);
  });

  it("drops undefined fields as JSON.stringify does", () => {
    expect(canonicalJson({ a: undefined, b: [undefined] })).toBe('{"b":[null]}');
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  it.each([
    ["NaN", Number.NaN],
    ["an infinity inside", { a: [Number.POSITIVE_INFINITY] }],
    ["a bigint", { a: 1n }],
    ["a function", () => 1],
    ["undefined", undefined],
    ["a cycle", cycle],
  ])("refuses %s", (_, value) => {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ code: "JSON_NOT_CANONICAL", exitCode: 2 }),
    );
  });

  it("gives equal text exactly for equal JSON values", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("digestOf", () => {
  it("does not depend on the order of keys", () => {
    expect(digestOf({ a: 1, b: 2 })).toBe(digestOf({ b: 2, a: 1 }));
    expect(digestOf({ a: 1 })).not.toBe(digestOf({ a: "1" }));
  });
});
