import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { hashFile } from "@moonlight-rl/core";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { assetsDirectory, EVAL_DATA, PROMPT_DATA } from "./assets.ts";
import { loadProvenance } from "./provenance.ts";

const rowSchema = z.strictObject({
  prompt: z.tuple([z.strictObject({ role: z.literal("user"), content: z.string() })]),
  label: z.string(),
});

interface Row {
  readonly question: string;
  readonly label: string;
  /** Operands, the smaller one first. */
  readonly pair: string;
}

function rowsOf(repository: string): Row[] {
  const file = join(
    assetsDirectory,
    "datasets",
    repository,
    `${repository.split("/").at(-1)}.jsonl`,
  );
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.pop()).toBe("");
  return lines.map((line) => {
    const { prompt, label } = rowSchema.parse(JSON.parse(line));
    const question = prompt[0].content;
    const operands = (question.match(/\d+/g) ?? []).map(Number);
    return { question, label, pair: operands.sort((x, y) => x - y).join(" ") };
  });
}

/** The answer by counting strokes: nothing of the generator, and no arithmetic that it uses. */
function byCounting(question: string): string {
  const match = /^(0|[1-9]\d?) ([+-]) (0|[1-9]\d?) = \?$/.exec(question);
  if (match === null) throw new Error(`not a problem: ${question}`);
  const [left, right] = [match[1], match[3]].map((operand) => "|".repeat(Number(operand)));
  const strokes =
    match[2] === "+"
      ? `${left}${right}`
      : (left ?? "").replace(new RegExp(`^\\|{${match[3]}}`), "");
  if (match[2] === "-") expect((left ?? "").length).toBeGreaterThanOrEqual((right ?? "").length);
  return String(strokes.length);
}

const evaluation = rowsOf(EVAL_DATA);
const training = rowsOf(PROMPT_DATA);

describe("the bundled files", () => {
  it("are those of their provenance, each of them", async () => {
    const { datasets, tokenizer, model } = await loadProvenance();
    const recorded = [...datasets.files, ...tokenizer.files, ...model.files];
    for (const { path, sha256, size } of recorded)
      expect(await hashFile(join(assetsDirectory, path)), path).toEqual({ sha256, size });
    const present = (await readdir(assetsDirectory, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && entry.name !== "provenance.json")
      .map((entry) => relative(assetsDirectory, join(entry.parentPath, entry.name)));
    expect(present.sort()).toEqual(recorded.map(({ path }) => path).sort());
  });

  it("hold as many problems as their provenance says", async () => {
    const { datasets } = await loadProvenance();
    expect(evaluation.length).toBe(datasets.problems.evaluation);
    expect(training.length).toBe(datasets.problems.training);
    expect(evaluation.length).toBeGreaterThanOrEqual(400);
    expect(training.length).toBeGreaterThanOrEqual(4000);
  });
});

describe("the bundled problems", () => {
  it("have right labels", () => {
    const wrong = [...evaluation, ...training].filter(
      ({ question, label }) => byCounting(question) !== label,
    );
    expect(wrong).toEqual([]);
  });

  it("are asked once, and no pair of operands is in both sets", () => {
    const questions = [...evaluation, ...training].map(({ question }) => question);
    expect(new Set(questions).size).toBe(questions.length);
    const trained = new Set(training.map(({ pair }) => pair));
    expect(evaluation.filter(({ pair }) => trained.has(pair))).toEqual([]);
  });
});

describe("loadProvenance", () => {
  it("names the field that is wrong, and a file that is not there", async () => {
    const folder = await mkdtemp(join(tmpdir(), "moonlight-tiny-"));
    try {
      await expect(loadProvenance(folder)).rejects.toMatchObject({ code: "FILE_UNREADABLE" });
      const { datasets } = await loadProvenance();
      await writeFile(join(folder, "provenance.json"), JSON.stringify({ datasets }));
      await expect(loadProvenance(folder)).rejects.toMatchObject({
        code: expect.stringMatching(/INVALID_INPUT|FILE_UNREADABLE/),
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
