import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeProblem } from "../data/problem.ts";
import type { Answer } from "./answer.ts";
import { openSavedResponses, type SavedResponses } from "./saved-responses.ts";

const options = { inputKey: "prompt", labelKey: "label", responseKey: "response" };
const known = [makeProblem(0, 0, "a?", "1"), makeProblem(1, 1, "b?", "2")];
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
  file = join(folder, "responses.jsonl");
});
afterEach(() => rm(folder, { recursive: true }));

async function write(rows: readonly object[]): Promise<void> {
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

async function answersOf({ policy, requests }: SavedResponses): Promise<Answer[]> {
  const answers: Answer[] = [];
  await policy.answer(requests, {
    onAnswers: (batch) => Promise.resolve(void answers.push(...batch)),
    signal: new AbortController().signal,
  });
  return answers;
}

describe("saved responses", () => {
  it("finds problems by number, by prompt, and from the rows themselves", async () => {
    await write([
      { problem: 1, sample: 0, response: "x", tokens: 3, truncated: true },
      { prompt: "a?", response: ["y", "z"], finish_reason: "stop" },
      { prompt: "a?", response: "w", finish_reason: "length" },
    ]);
    const saved = await openSavedResponses(file, options, known);
    expect(saved.requests).toEqual([
      { problem: 0, sample: 0 },
      { problem: 0, sample: 1 },
      { problem: 0, sample: 2 },
      { problem: 1, sample: 0 },
    ]);
    expect(await answersOf(saved)).toMatchObject([
      { problem: 1, sample: 0, response: "x", tokens: 3, truncated: true },
      { problem: 0, sample: 0, response: "y", tokens: null, truncated: false },
      { problem: 0, sample: 1, response: "z" },
      { problem: 0, sample: 2, response: "w", truncated: true },
    ]);
  });

  it("takes the problems from the rows, in any order, with or without numbers", async () => {
    const rows = [
      { prompt: "b?", label: "2", response: "1" },
      { prompt: "a?", label: "1", response: "2" },
      { prompt: "b?", label: "2", response: "3" },
    ];
    for (const numbers of [
      [undefined, undefined, undefined],
      [7, 3, 7],
    ]) {
      await write(rows.map((row, i) => ({ ...row, problem: numbers[i] })));
      const saved = await openSavedResponses(file, options);
      expect(saved.problems.map(({ prompt, label }) => [prompt, label])).toEqual([
        ["b?", "2"],
        ["a?", "1"],
      ]);
      expect(
        (await answersOf(saved)).map(({ problem, sample, response }) => [
          problem,
          sample,
          response,
        ]),
      ).toEqual([
        [0, 0, "1"],
        [1, 0, "2"],
        [0, 1, "3"],
      ]);
    }
  });

  it.each([
    [
      "a sample twice (E8)",
      [
        { problem: 0, sample: 1, response: "x" },
        { problem: 0, sample: 1, response: "y" },
      ],
      "line 2 is sample 1 of problem 0 again, as line 1 is",
    ],
    ["another problem", [{ problem: 2, response: "x" }], "line 1 is of problem 2"],
    [
      "another prompt",
      [{ prompt: "c?", response: "x" }],
      "line 1 has a prompt that no problem has",
    ],
    ["no response", [{ problem: 0, text: "x" }], 'has no text (or list of texts) "response"'],
    ["a bad count", [{ problem: 0, response: "x", tokens: -1 }], '"tokens"'],
    ["holes", [{ problem: 1, response: "x" }], "has no response to problem 0"],
  ])("refuses %s", async (_, rows, message) => {
    await write(rows);
    await expect(openSavedResponses(file, options, known)).rejects.toMatchObject({
      code: "EVAL_RESPONSES_INVALID",
      message: expect.stringContaining(message) as string,
    });
  });
});
