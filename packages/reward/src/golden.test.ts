import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { dapoForm } from "./dapo.ts";
import type { Grade, Label } from "./grade.ts";
import { getGrader } from "./get-grader.ts";

/** Outcomes of the reference's graders; tools/interop/reward says where they come from. */
interface Pair {
  readonly id: number;
  readonly response: string;
  readonly label: Label;
  readonly math: number | "error";
  readonly dapo: number | "error";
  /** What `dapo` compared, in its normal form; absent where it refuses. */
  readonly dapoPred?: string;
  readonly deepscaler: number | "error";
  readonly gemma: number | "error";
}

function readPairs<T>(name: string): T[] {
  const file = new URL(`../golden/${name}.golden.jsonl.gz`, import.meta.url);
  return gunzipSync(readFileSync(file))
    .toString("utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

const pairs = readPairs<Pair>("grader-pairs");

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

  it("are those of dapo in what it compares as well", () => {
    const scored = pairs.filter(({ dapoPred }) => dapoPred !== undefined);
    expect(scored.length).toBe(1765);
    const other = scored.filter((pair) => {
      const result = grade("dapo", pair);
      // The text of a response without an answer is a prediction, too.
      return result === "error" || dapoForm(result.extracted ?? "[INVALID]") !== pair.dapoPred;
    });
    expect(other.map(({ id }) => id)).toEqual([]);
  });

  it("are those of f1", () => {
    const cases = readPairs<{
      response: string | null;
      label: Label;
      f1: { f1?: number; error?: string };
    }>("f1");
    for (const { response, label, f1 } of cases) {
      // No response at all is nothing that our graders' signature can express.
      if (response === null) continue;
      const got = attempt(() => getGrader("f1")(response, label).reward);
      expect([response, label, got]).toEqual([response, label, f1.f1 ?? "error"]);
    }
  });

  it("are those of gpqa", () => {
    type Case = { response: string | null; label: Label; metadata: Label; gpqa: unknown };
    for (const { response, label, metadata = null, gpqa } of readPairs<Case>("gpqa")) {
      if (response === null) continue;
      const got = attempt(() => getGrader("gpqa")(response, label, { metadata }).reward);
      const want = typeof gpqa === "number" ? gpqa : "error";
      expect([response, label, metadata, got]).toEqual([response, label, metadata, want]);
    }
  });
});

function attempt(grade: () => number): number | "error" {
  try {
    return grade();
  } catch {
    return "error";
  }
}
