import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Grade, Label } from "./grade.ts";
import { getGrader } from "./get-grader.ts";

/** Outcomes of the reference's graders; tools/interop/reward says where they come from. */
interface Pair {
  readonly id: number;
  readonly response: string;
  readonly label: Label;
  readonly math: number | "error";
  readonly dapo: number | "error";
  readonly deepscaler: number | "error";
  readonly gemma: number | "error";
}

const file = new URL("../golden/grader-pairs.golden.jsonl.gz", import.meta.url);
const pairs = gunzipSync(readFileSync(file))
  .toString("utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line) as Pair);

function grade(name: string, pair: Pair): Grade | "error" {
  try {
    return getGrader(name)(pair.response, pair.label);
  } catch {
    return "error";
  }
}

function reward(result: Grade | "error"): number | "error" {
  return result === "error" ? "error" : result.reward;
}

function disagreements(name: string, expected: (pair: Pair) => number | "error"): number[] {
  return pairs
    .filter((pair) => reward(grade(name, pair)) !== expected(pair))
    .map((pair) => pair.id);
}

describe("outcomes of the reference", () => {
  it.each([
    ["math", (pair: Pair) => pair.math],
    ["dapo", (pair: Pair) => pair.dapo],
    ["deepscaler", (pair: Pair) => pair.deepscaler],
    ["gemma_math", (pair: Pair) => pair.gemma],
  ])("are those of %s, including what it refuses", (name, expected) => {
    expect(pairs.length).toBe(5537);
    expect(disagreements(name, expected)).toEqual([]);
  });
});
