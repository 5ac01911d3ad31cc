import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPromptRows } from "./prompt-rows.ts";
import { readRows } from "./read-rows.ts";
import { ALL_ROWS, parseRowRange } from "./row-range.ts";

/** Ten rows in row groups of four, zstd, written by pyarrow. */
const PARQUET = fileURLToPath(new URL("../fixtures/problems.parquet", import.meta.url));
const keys = { inputKey: "prompt", labelKey: "label" };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-dataset-"));
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
      expect.objectContaining({ code: "DATASET_SLICE_INVALID" }),
    );
  });

  it("gives a row the same number whichever rows are taken", async () => {
    const lines = join(folder, "a.jsonl");
    const rows = Array.from({ length: 10 }, (_, i) =>
      JSON.stringify({ prompt: [{ role: "user", content: `${i} + 1 = ?` }], label: `${i + 1}` }),
    );
    await writeFile(lines, rows.join("\n\n"));
    for (const file of [lines, PARQUET]) {
      const all = await readPromptRows(file, keys);
      expect(all).toHaveLength(10);
      expect(all.map(({ row }) => row)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const some = await readPromptRows(file, keys, { range: { start: 3, end: 9 } });
      expect(some).toEqual(all.slice(3, 9).map((problem, index) => ({ ...problem, index })));
      const none = readPromptRows(file, keys, { range: { start: 10, end: 12 } });
      await expect(none).rejects.toMatchObject({ code: "DATASET_EMPTY" });
    }
    expect(await readPromptRows(lines, keys)).toEqual(await readPromptRows(PARQUET, keys));
  });
});

describe("Parquet", () => {
  it("names a row that lacks a field, and a file that is something else", async () => {
    await expect(readPromptRows(PARQUET, { ...keys, labelKey: "answer" })).rejects.toMatchObject({
      code: "DATASET_ROW_INVALID",
      message: expect.stringContaining('row 0 has no "answer"') as string,
    });
    const bad = join(folder, "bad.parquet");
    await writeFile(bad, "PAR1");
    await expect(readPromptRows(bad, keys)).rejects.toMatchObject({
      code: "DATASET_PARQUET",
      message: expect.stringContaining("cannot be read as Parquet") as string,
    });
    for (const name of ["no.parquet", "no.jsonl"])
      await expect(readPromptRows(join(folder, name), keys)).rejects.toMatchObject({
        code: "DATASET_FILE_UNREADABLE",
      });
  });
});

describe("JSON Lines", () => {
  const first = '{"prompt":"é","label":1}\n';

  async function rowsOf(content: string | Buffer, longestLine?: number): Promise<number[]> {
    const file = join(folder, "rows.ndjson");
    await writeFile(file, content);
    const numbers: number[] = [];
    const options = longestLine === undefined ? {} : { longestLine };
    for await (const { number } of readRows(file, options)) numbers.push(number);
    return numbers;
  }

  it("reads rows with any end of line, the last without one", async () => {
    expect(await rowsOf(`\uFEFF{"a":1}\r\n\r\n  \n{"a":2}`)).toEqual([0, 1]);
    expect(await rowsOf("")).toEqual([]);
  });

  it.each([
    ["no object", "[1]", { code: "DATASET_ROW_INVALID", field: "line 2", byteOffset: 26 }],
    ["no JSON", '{"a":', { code: "DATASET_ROW_INVALID", field: "line 2", byteOffset: 26 }],
    ["no UTF-8", Buffer.from([0x22, 0xff]), { code: "DATASET_ENCODING", byteOffset: 26 }],
    ["no end", "x".repeat(2 << 20), { code: "DATASET_LINE_TOO_LONG", byteOffset: 26 }],
  ])("names the line and its byte: %s", async (_, second, fault) => {
    const content = Buffer.concat([Buffer.from(first), Buffer.from(second)]);
    await expect(rowsOf(content, 1 << 20)).rejects.toMatchObject(fault);
  });

  it("stops when it is asked to, and refuses other formats and folders", async () => {
    const signal = AbortSignal.abort();
    const file = join(folder, "rows.jsonl");
    await writeFile(file, first);
    await expect(readRows(file, { signal }).next()).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(readRows(join(folder, "rows.csv")).next()).rejects.toMatchObject({
      code: "DATASET_FORMAT",
    });
    await mkdir(join(folder, "a.jsonl"));
    await expect(readRows(join(folder, "a.jsonl")).next()).rejects.toMatchObject({
      code: "DATASET_FILE_UNREADABLE",
    });
  });
});
