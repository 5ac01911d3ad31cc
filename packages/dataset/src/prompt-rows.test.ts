import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPromptRows } from "./prompt-rows.ts";

const keys = { inputKey: "prompt", labelKey: "label" };
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-rows-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function rowsOf(content: string): ReturnType<typeof readPromptRows> {
  const file = join(folder, "rows.jsonl");
  await writeFile(file, content);
  return readPromptRows(file, keys);
}

it("reads texts and conversations in order, without blank lines and unknown keys", async () => {
  const chat = [{ role: "user", content: "1 + 1 = ?" }];
  const rows = await rowsOf(
    `{"prompt": "2 + 2 = ?", "label": "4", "source": "x"}\r\n\n${JSON.stringify({ prompt: chat, label: 2 })}`,
  );
  expect(rows).toEqual([
    { index: 0, row: 0, prompt: "2 + 2 = ?", label: "4" },
    { index: 1, row: 1, prompt: chat, label: 2 },
  ]);
});

it.each([
  ["{", "line 2"],
  ["[1]", "line 2"],
  ['{"label": "1"}', "line 2: prompt"],
  ['{"prompt": [], "label": "1"}', "line 2: prompt"],
  ['{"prompt": [{"role": "user"}], "label": "1"}', "line 2: prompt"],
  ['{"prompt": "1", "label": ""}', "line 2: label"],
])("names the line of %s", async (line, field) => {
  await expect(rowsOf(`{"prompt": "1", "label": "1"}\n${line}\n`)).rejects.toMatchObject({
    code: "DATASET_ROW_INVALID",
    field,
  });
});

it("reads metadata where a key is named", async () => {
  const file = join(folder, "metadata.jsonl");
  const row = { prompt: "?", label: "1", metadata: { choices: ["a"] } };
  await writeFile(
    file,
    `${JSON.stringify(row)}\n${JSON.stringify({ ...row, metadata: undefined })}`,
  );
  expect(await readPromptRows(file, { ...keys, metadataKey: "metadata" })).toEqual([
    { index: 0, row: 0, ...row },
    { index: 1, row: 1, prompt: "?", label: "1" },
  ]);
  expect((await readPromptRows(file, keys))[0]).not.toHaveProperty("metadata");
});

it("refuses a file without rows, and one that is not there", async () => {
  await expect(rowsOf("\n\n")).rejects.toMatchObject({ code: "DATASET_EMPTY" });
  await expect(readPromptRows(join(folder, "none.jsonl"), keys)).rejects.toMatchObject({
    code: "DATASET_FILE_UNREADABLE",
  });
});
