import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findDataFile } from "./data-file.ts";
import { readProblems } from "./problem.ts";
import { ALL_ROWS, parseRowRange } from "./row-range.ts";

/** Ten rows in row groups of four, zstd, written by pyarrow. */
const PARQUET = fileURLToPath(new URL("../../fixtures/problems.parquet", import.meta.url));
const keys = { inputKey: "prompt", labelKey: "label" };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("a slice", () => {
  it.each([
    ["a.jsonl", { file: "a.jsonl", rows: ALL_ROWS }],
    ["a.jsonl@[2:5]", { file: "a.jsonl", rows: { start: 2, end: 5 } }],
    ["b/a.jsonl@[:5]", { file: "b/a.jsonl", rows: { start: 0, end: 5 } }],
    ["a@[1:2].jsonl@[3:]", { file: "a@[1:2].jsonl", rows: { start: 3, end: Infinity } }],
    ["a.jsonl@[1]", { file: "a.jsonl@[1]", rows: ALL_ROWS }],
  ])("is read from %s", (text, expected) => {
    expect(parseRowRange(text)).toEqual(expected);
  });

  it.each(["a@[-2:]", "a@[:-1]", "a@[3:3]", "a@[5:2]"])("is refused: %s", (text) => {
    expect(() => parseRowRange(text)).toThrow(
      expect.objectContaining({ code: "EVAL_SLICE_INVALID" }),
    );
  });

  it("gives a row the same number whichever rows are taken", async () => {
    const lines = join(folder, "a.jsonl");
    const rows = Array.from({ length: 10 }, (_, i) =>
      JSON.stringify({ prompt: [{ role: "user", content: `${i} + 1 = ?` }], label: `${i + 1}` }),
    );
    await writeFile(lines, rows.join("\n\n"));
    for (const file of [lines, PARQUET]) {
      const all = await readProblems(file, keys);
      expect(all).toHaveLength(10);
      expect(all.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const some = await readProblems(file, keys, { start: 3, end: 9 });
      expect(some).toEqual(all.slice(3, 9).map((problem, index) => ({ ...problem, index })));
      await expect(readProblems(file, keys, { start: 10, end: 12 })).rejects.toMatchObject({
        code: "EVAL_DATA_INVALID",
      });
    }
    expect(await readProblems(lines, keys)).toEqual(await readProblems(PARQUET, keys));
  });
});

describe("Parquet", () => {
  it("is found where there is nothing else to read", async () => {
    await copyFile(PARQUET, join(folder, "test.parquet"));
    expect(await findDataFile(folder, undefined)).toBe("test.parquet");
    await writeFile(join(folder, "test.jsonl"), "");
    expect(await findDataFile(folder, undefined)).toBe("test.jsonl");
  });

  it("names a row that lacks a field, and a file that is something else", async () => {
    await expect(readProblems(PARQUET, { ...keys, labelKey: "answer" })).rejects.toMatchObject({
      code: "EVAL_DATA_INVALID",
      message: expect.stringContaining('row 0 has no "answer"') as string,
    });
    const bad = join(folder, "bad.parquet");
    await writeFile(bad, "PAR1");
    await expect(readProblems(bad, keys)).rejects.toMatchObject({
      code: "EVAL_DATA_INVALID",
      message: expect.stringContaining("cannot be read as Parquet") as string,
    });
    await expect(readProblems(join(folder, "no.parquet"), keys)).rejects.toMatchObject({
      code: "EVAL_DATA_MISSING",
    });
  });
});
