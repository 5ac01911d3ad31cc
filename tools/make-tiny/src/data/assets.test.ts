import { readFileSync } from "node:fs";
import { join } from "node:path";
import { assetsDirectory, EVAL_DATA, loadProvenance } from "@moonlight-rl/tiny-moonlight";
import { expect, it } from "vitest";
import { tokenizerFiles } from "../tokenizer/tokenizer-files.ts";
import { datasetFiles } from "./datasets.ts";
import { pretrainingRows } from "./pretraining.ts";

const pairOf = (question: string): string =>
  (question.match(/\d+/g) ?? [])
    .map(Number)
    .sort((x, y) => x - y)
    .join(" ");

it("makes the committed datasets and tokenizer again, byte for byte", async () => {
  const { datasets, tokenizer } = await loadProvenance();
  const files = [...datasetFiles(datasets.seed), ...tokenizerFiles()];
  expect(files.map(({ path }) => path)).toEqual(
    [...datasets.files, ...tokenizer.files].map(({ path }) => path),
  );
  for (const { path, content } of files) {
    const committed = readFileSync(join(assetsDirectory, path));
    expect(committed.equals(Buffer.from(content)), path).toBe(true);
  }
});

it("pre-trained the committed model on no pair of operands of the committed evaluation set", async () => {
  const { settings, result } = (await loadProvenance()).model;
  const { seed, mistakeShare } = settings;
  const trained = new Set(
    pretrainingRows({ seed, rows: result.rows, mistakeShare }).map(({ prompt }) => pairOf(prompt)),
  );
  const questions = readFileSync(
    join(assetsDirectory, "datasets", EVAL_DATA, "tiny-aime.jsonl"),
    "utf8",
  ).match(/(?<="content":")[^"]*/g);
  expect(trained.size).toBeGreaterThan(1000);
  expect(questions).toHaveLength(500);
  expect(questions?.filter((question) => trained.has(pairOf(question)))).toEqual([]);
});
