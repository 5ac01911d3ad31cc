import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { publishDirectory, removePath, writeFileAtomic, writeJsonAtomic } from "./atomic-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "core-atomic-"));
});
afterEach(() => removePath(folder));

describe("writeFileAtomic", () => {
  it("replaces a file and leaves nothing beside it", async () => {
    const path = join(folder, "a.bin");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, Uint8Array.of(1, 2, 255));
    expect([...(await readFile(path))]).toEqual([1, 2, 255]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  it("keeps the old file and cleans up when it cannot replace it", async () => {
    const path = join(folder, "taken");
    await mkdir(join(path, "inner"), { recursive: true });
    await expect(writeFileAtomic(path, "x")).rejects.toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  it("lets many writers of one file each write it whole", async () => {
    const path = join(folder, "shared");
    const texts = Array.from({ length: 20 }, (_, i) => String(i).repeat(5_000));
    await Promise.all(texts.map((text) => writeFileAtomic(path, text)));
    expect(texts).toContain(await readFile(path, "utf8"));
    expect(await readdir(folder)).toEqual(["shared"]);
  });
});

describe("writeJsonAtomic", () => {
  it("writes sorted, indented JSON with a final newline", async () => {
    const path = join(folder, "a.json");
    await writeJsonAtomic(path, { b: 1, a: [true, null] });
    expect(await readFile(path, "utf8")).toBe(
      '{\n  "a": [\n    true,\n    null\n  ],\n  "b": 1\n}\n',
    );
  });
});

describe("publishDirectory", () => {
  it("moves a folder and refuses to overwrite one with content", async () => {
    const first = join(folder, "first");
    const second = join(folder, "second");
    const final = join(folder, "final");
    for (const path of [first, second]) {
      await mkdir(path);
      await writeFile(join(path, "name"), path);
    }
    await publishDirectory(first, final);
    await expect(publishDirectory(second, final)).rejects.toMatchObject({
      code: expect.stringMatching(/ENOTEMPTY|EEXIST/),
    });
    expect(await readFile(join(final, "name"), "utf8")).toBe(first);
  });
});
