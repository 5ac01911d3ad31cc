import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkStageContract, withStage } from "@moonlight-rl/pipeline/testing";
import { solvablePrompts } from "./stage.ts";

const ROWS = ["always", "sometimes", "never", "not looked at"].map((prompt, label) =>
  JSON.stringify({ prompt, label: String(label) }),
);
const FILES = { "prompts.jsonl": `${ROWS.join("\n")}\n` };

/** Samples as `eval` writes them: of each problem, which of two tries was right. */
const samples = (...right: readonly [boolean, boolean][]): string =>
  right
    .flatMap((tries, problem) =>
      tries.map((isRight, sample) =>
        JSON.stringify({
          problem,
          sample,
          prompt: "",
          response: "",
          tokens: 1,
          truncated: false,
          label: String(problem),
          reward: Number(isRight),
          extracted: null,
          outcome: isRight ? "correct" : "wrong",
        }),
      ),
    )
    .join("\n") + "\n";
const LOOKED = samples([true, true], [true, false], [false, false]);

test("keeps the contract of stages", async () => {
  const output = await checkStageContract(solvablePrompts, async (kit) => ({
    data: await kit.artifact("hf-dataset", FILES),
    dataFile: "prompts.jsonl",
    result: await kit.artifact("eval-result", { "samples.ndjson": LOOKED }),
  }));
  assert.deepEqual([output.looked, output.kept], [3, 1]);
});

test("keeps the row between the bounds, byte for byte", async () => {
  await withStage(solvablePrompts, async (kit) => {
    const { data } = await kit.run({
      data: await kit.artifact("hf-dataset", FILES),
      dataFile: "prompts.jsonl",
      result: await kit.artifact("eval-result", { "samples.ndjson": LOOKED }),
    });
    assert.equal(await readFile(join(data.path, "prompts.jsonl"), "utf8"), `${ROWS[1]}\n`);
  });
});

test("says when nothing is left, and when the result is of other rows", async () => {
  await withStage(solvablePrompts, async (kit) => {
    const input = { data: await kit.artifact("hf-dataset", FILES), dataFile: "prompts.jsonl" };
    const easy = await kit.artifact("eval-result", { "samples.ndjson": samples([true, true]) });
    await assert.rejects(kit.run({ ...input, result: easy }), {
      code: "PROMPTS_NONE_LEFT",
      exitCode: 4,
    });
    const foreign = LOOKED.replaceAll('"label":"1"', '"label":"7"');
    const other = await kit.artifact("eval-result", { "samples.ndjson": foreign });
    await assert.rejects(kit.run({ ...input, result: other }), { code: "PROMPTS_MISMATCH" });
  });
});
