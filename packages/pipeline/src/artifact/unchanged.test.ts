import { link, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { adoptArtifact } from "./adopt.ts";
import { requireUnchanged } from "./unchanged.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "unchanged-"));
  await writeFile(join(folder, "a.bin"), "content");
});
afterEach(() => rm(folder, { recursive: true }));

it("takes a folder whose files only look otherwise, and refuses one with other bytes", async () => {
  const input = { nested: [{ model: await adoptArtifact("hf-model", folder) }], other: 1 };
  const file = join(folder, "a.bin");
  await requireUnchanged(input);
  await utimes(file, 1, 1);
  await link(file, `${folder}.link`);
  await rm(`${folder}.link`);
  await requireUnchanged(input);
  const refused = { code: "ARTIFACT_CHANGED", exitCode: 4, file };
  await writeFile(file, "c0ntent");
  await expect(requireUnchanged(input)).rejects.toMatchObject(refused);
  await rm(file);
  await expect(requireUnchanged(input)).rejects.toMatchObject(refused);
  await writeFile(file, "content");
  await requireUnchanged(input);
});
