import { describe, expect, it } from "vitest";
import { z } from "zod";
import { fillFrom, keyedPart, withUnkeyed } from "./keyed.ts";
import { isUnkeyed, unkeyed } from "./unkeyed.ts";

const schema = z.object({
  lr: z.number(),
  endpoint: unkeyed(z.string()).default("https://hub"),
  engine: z
    .object({ threads: unkeyed(z.int().optional()), seed: z.int() })
    .optional()
    .describe("engine"),
  sets: z.array(z.object({ name: z.string(), token: unkeyed(z.string()) })).default([]),
  byName: z.record(z.string(), z.object({ port: unkeyed(z.int()), size: z.int() })).optional(),
  source: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("hub"), repo: z.string(), url: unkeyed(z.string()) }),
      z.object({ type: z.literal("file"), path: z.string() }),
    ])
    .optional(),
});
const value = {
  lr: 1,
  endpoint: "x",
  engine: { threads: 4, seed: 1 },
  sets: [{ name: "a", token: "t" }],
  byName: { b: { port: 1, size: 2 } },
  source: { type: "hub", repo: "r", url: "u" },
};

describe("unkeyed fields", () => {
  it("are left out at every depth, and nothing else is", () => {
    const before = structuredClone(value);
    expect(keyedPart(schema, value)).toEqual({
      lr: 1,
      engine: { seed: 1 },
      sets: [{ name: "a" }],
      byName: { b: { size: 2 } },
      source: { type: "hub", repo: "r" },
    });
    expect(value).toEqual(before);
  });

  it("keep their mark and their description through wrappers", () => {
    const field = unkeyed(z.string().describe("where"));
    expect(field.description).toBe("where");
    for (const wrapped of [field.optional(), field.default("x"), field.nullable().describe("y")]) {
      expect(isUnkeyed(wrapped)).toBe(true);
    }
    expect(isUnkeyed(z.string())).toBe(false);
  });

  it("come back alone when a resolved input is read again", () => {
    const resolved = { lr: 1, engine: { seed: 1 } };
    const given = { ...value, endpoint: "new", engine: { threads: 8, seed: 9 } };
    expect(withUnkeyed(schema, resolved, given)).toEqual({
      lr: 1,
      endpoint: "new",
      engine: { threads: 8, seed: 1 },
    });
  });
});

it("fillFrom takes what is missing, object by object", () => {
  expect(fillFrom({ a: { b: 1 }, l: [1] }, { a: { b: 2, c: 3 }, l: [2, 3], d: 4 })).toEqual({
    a: { b: 1, c: 3 },
    l: [1],
    d: 4,
  });
});
