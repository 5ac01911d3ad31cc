import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { findDataFile } from "./data-file.ts";

it("takes Parquet where there is nothing else to read", async () => {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-eval-"));
  try {
    await writeFile(join(folder, "test.parquet"), "");
    expect(await findDataFile(folder, undefined)).toBe("test.parquet");
    await writeFile(join(folder, "test.jsonl"), "");
    expect(await findDataFile(folder, undefined)).toBe("test.jsonl");
  } finally {
    await rm(folder, { recursive: true });
  }
});
