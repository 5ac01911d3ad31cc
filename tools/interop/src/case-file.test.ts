import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { compareCase, rewardCaseSchema } from "../reward/compare-case.ts";
import { readCases } from "./case-file.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "interop-cases-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function read(name: string, content: string | Uint8Array): Promise<unknown[]> {
  const file = join(folder, name);
  await writeFile(file, content);
  const cases: unknown[] = [];
  for await (const one of readCases(file, z.object({ id: z.int() }))) cases.push(one);
  return cases;
}

describe("readCases", () => {
  it("reads plain and packed lines", async () => {
    const text = '{"id": 1}\n\n{"id": 2}';
    expect(await read("a.jsonl", text)).toEqual([{ id: 1 }, { id: 2 }]);
    expect(await read("a.jsonl.gz", gzipSync(text))).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it.each([
    ["b.jsonl", '{"id": 1}\n{"id": "x"}', "b.jsonl:2: id: "],
    ["c.jsonl", '{"id": 1}\nnot json', "c.jsonl:2 is not JSON"],
    ["d.jsonl.gz", "not packed", "Cannot read"],
    ["e.jsonl.gz", gzipSync('{"id": 1}\n'.repeat(1000)).subarray(0, 40), "Cannot read"],
  ])("refuses what is broken: %s", async (name, content, message) => {
    await expect(read(name, content)).rejects.toThrow(message);
  });

  it("refuses a file that is not there", async () => {
    const reading = readCases(join(folder, "nowhere.jsonl"), z.unknown()).next();
    await expect(reading).rejects.toMatchObject({ code: "FILE_UNREADABLE", exitCode: 3 });
  });
});

describe("compareCase", () => {
  const verdicts = (value: object): string[] =>
    compareCase(rewardCaseSchema.parse({ id: 1, ...value })).map(
      ({ grader, verdict }) => `${grader} ${verdict}`,
    );

  it("compares each recorded outcome, refusals included", () => {
    expect(
      verdicts({
        response: "\\boxed{5}\nAnswer: 5",
        label: "5",
        math: 1,
        dapo: { score: -1, acc: false },
        deepscaler: 0,
        gemma: 1,
      }),
    ).toEqual(["math same", "dapo different", "deepscaler same", "gemma_math same"]);
    expect(
      verdicts({ response: "Answer: x", label: "x", dapo: { error: "ValueError: x" } }),
    ).toEqual(["dapo same"]);
    expect(verdicts({ response: "Answer: 5", label: "5", dapo: { error: "X" } })).toEqual([
      "dapo different",
    ]);
  });

  it("takes a float label as Python writes it, as JSON does not tell 5.0 from 5", () => {
    const label = (text: string, value: number) => ({
      label: value,
      label_type: "float",
      label_str: text,
    });
    expect(verdicts({ response: "\\boxed{7}", ...label("7.0", 5), math: 1 })).toEqual([
      "math same",
    ]);
    // But what is falsy in Python stays so.
    expect(verdicts({ response: "\\boxed{0}", ...label("0.0", 0), math: 0 })).toEqual([
      "math same",
    ]);
  });

  it("skips what our graders cannot be asked", () => {
    expect(verdicts({ response: null, label: "5", math: { error: "TypeError" } })).toEqual([
      "math skipped",
    ]);
  });
});
