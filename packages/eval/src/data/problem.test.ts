import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { findDataFile } from "./data-file.ts";
import { readProblems } from "./problem.ts";

const keys = { inputKey: "prompt", labelKey: "label" };
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
  file = join(folder, "set.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

describe("readProblems", () => {
  it("reads texts and messages, skips blank lines and tolerates other fields", async () => {
    await writeFile(
      file,
      '{"prompt":"1 + 1 = ?","label":2,"source":"x"}\r\n\n' +
        '{"label":"5","prompt":[{"role":"user","content":"2 + 3 = ?","name":"a"}]}',
    );
    const problems = await readProblems(file, keys);
    expect(problems.map(({ index, label }) => [index, label])).toEqual([
      [0, 2],
      [1, "5"],
    ]);
    expect(problems[0]?.digest).not.toBe(problems[1]?.digest);
  });

  it("says that a file is missing", async () => {
    await expect(readProblems(file, keys)).rejects.toMatchObject({
      code: "DATASET_FILE_UNREADABLE",
    });
  });
});

describe("findDataFile", () => {
  it("takes the named file, or the only one", async () => {
    await writeFile(file, "");
    expect(await findDataFile(folder, undefined)).toBe("set.jsonl");
    expect(await findDataFile(folder, "set.jsonl")).toBe("set.jsonl");
    await expect(findDataFile(folder, "sett.jsonl")).rejects.toMatchObject({
      code: "EVAL_DATA_MISSING",
      hint: 'Did you mean "set.jsonl"?',
    });
    await expect(findDataFile(folder, "../set.jsonl")).rejects.toMatchObject({
      code: "EVAL_DATA_MISSING",
    });
    await writeFile(join(folder, "other.jsonl"), "");
    await expect(findDataFile(folder, undefined)).rejects.toMatchObject({
      code: "EVAL_DATA_AMBIGUOUS",
    });
  });
});
