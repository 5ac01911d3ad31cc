import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { removePath } from "./atomic-file.ts";
import { readJson, validate } from "./validate.ts";

const schema = z.strictObject({
  optimizer: z.strictObject({ lr: z.number(), clipGrad: z.number().default(1) }).optional(),
  names: z.array(z.string()).default([]),
});
const caught = (value: unknown): unknown => {
  try {
    return validate(schema, value, { what: "recipe" });
  } catch (error) {
    return error;
  }
};

describe("validate", () => {
  it("returns the parsed value with defaults", () => {
    expect(caught({ optimizer: { lr: 1 } })).toEqual({
      optimizer: { lr: 1, clipGrad: 1 },
      names: [],
    });
  });

  it("names the field of the first issue and counts the others", () => {
    expect(caught({ optimizer: { lr: "fast" }, names: [1] })).toMatchObject({
      code: "INVALID_INPUT",
      exitCode: 2,
      field: "optimizer.lr",
      message: expect.stringMatching(/^recipe: optimizer\.lr: .*\(and 1 more\)$/),
    });
    expect(caught(7)).toMatchObject({ field: "", message: expect.stringContaining("value:") });
  });

  it("suggests the key that a typo meant, at its own depth", () => {
    expect(caught({ optimizer: { lr: 1, clipgrad: 2 } })).toMatchObject({
      field: "optimizer.clipgrad",
      hint: 'Did you mean "clipGrad"?',
    });
    expect(caught({ zzzzzzzz: 1 })).toMatchObject({ hint: "Known keys: optimizer, names." });
  });
});

describe("readJson", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "core-validate-"));
  });
  afterAll(() => removePath(folder));

  it("reads, and names the file in each kind of failure", async () => {
    const path = join(folder, "a.json");
    const options = { what: "config" };
    await expect(readJson(path, schema, options)).rejects.toMatchObject({
      code: "FILE_UNREADABLE",
      exitCode: 3,
      file: path,
    });
    // é takes two bytes: the offset counts bytes, not characters.
    await writeFile(path, '{"é": 1,}');
    await expect(readJson(path, schema, options)).rejects.toMatchObject({
      code: "INVALID_JSON",
      exitCode: 2,
      file: path,
      byteOffset: 9,
    });
    await writeFile(path, '{"names": 1}');
    await expect(readJson(path, schema, options)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      file: path,
      field: "names",
    });
    await writeFile(path, '{"names": ["x"]}');
    expect(await readJson(path, schema, options)).toEqual({ names: ["x"] });
  });
});
