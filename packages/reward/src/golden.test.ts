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
  /** The reference finds the two equal by computer algebra that our `math` does not have. */
  readonly undecided?: boolean;
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
  const undecided = pairs.filter((pair) => pair.undecided).map((pair) => pair.id);

  it("are those of math, except for what needs computer algebra", () => {
    expect(pairs.length).toBe(5537);
    expect(undecided.length).toBeLessThanOrEqual(40);
    expect(disagreements("math", (pair) => pair.math)).toEqual(undecided);
  });

  it("are reported as unparsable where they are not reached", () => {
    for (const pair of pairs.filter((pair) => pair.undecided)) {
      expect(grade("math", pair)).toMatchObject({ reward: 0, outcome: "unparsable" });
    }
  });

  it("are those of dapo, including which labels are refused", () => {
    expect(disagreements("dapo", (pair) => pair.dapo)).toEqual([]);
  });

  it("are those of deepscaler and gemma_math, with the same exception", () => {
    const known = new Set(undecided);
    const unexpected = (ids: readonly number[]): number[] => ids.filter((id) => !known.has(id));
    expect(unexpected(disagreements("deepscaler", (pair) => pair.deepscaler))).toEqual([]);
    expect(unexpected(disagreements("gemma_math", (pair) => pair.gemma))).toEqual([]);
  });
});
