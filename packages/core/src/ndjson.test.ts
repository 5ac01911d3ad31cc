import { appendFile, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removePath } from "./atomic-file.ts";
import { NdjsonWriter, readNdjson } from "./ndjson.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "core-ndjson-"));
  path = join(folder, "a.ndjson");
});
afterEach(() => removePath(folder));

const read = async (): Promise<unknown[]> => {
  const lines: unknown[] = [];
  for await (const line of readNdjson(path)) lines.push(line);
  return lines;
};
const write = (...values: unknown[]): void => {
  const writer = new NdjsonWriter(path);
  for (const value of values) writer.append(value, { durable: true });
  writer.close();
};

describe("NDJSON", () => {
  it("reads what was appended, across writers", async () => {
    write({ a: 1 }, { b: [2] });
    write({ c: null });
    expect(await read()).toEqual([{ a: 1 }, { b: [2] }, { c: null }]);
  });

  it("ends lines at newlines only: text of samples may hold other line separators", async () => {
    const text = "a\u2028b\u2029c\rd\r\n\u0085e";
    write({ text }, { next: 1 });
    expect(await read()).toEqual([{ text }, { next: 1 }]);
  });

  it("keeps lines and characters whole across blocks", async () => {
    const values = Array.from({ length: 40 }, (_, i) => ({ i, text: "é🌙".repeat(3_000) }));
    write(...values);
    expect(await read()).toEqual(values);
  });

  it.each(['{"torn', '{"torn":1}', "7"])(
    "drops a last line without its newline: %s",
    async (torn) => {
      write({ a: 1 });
      await appendFile(path, torn);
      expect(await read()).toEqual([{ a: 1 }]);
    },
  );

  it("cuts a torn line off before it appends", async () => {
    write({ a: 1 });
    await appendFile(path, '{"b":');
    write({ c: 3 });
    expect(await readFile(path, "utf8")).toBe('{"a":1}\n{"c":3}\n');
  });

  it("says where a line in the middle is broken", async () => {
    await writeFile(path, '{"é":1}\nnot json\n{"c":3}\n');
    await expect(read()).rejects.toMatchObject({
      code: "NDJSON_CORRUPT",
      exitCode: 4,
      file: path,
      byteOffset: 9,
    });
  });

  it("skips empty lines and reads an empty file", async () => {
    await writeFile(path, "");
    expect(await read()).toEqual([]);
    await writeFile(path, '\n{"a":1}\n\n');
    expect(await read()).toEqual([{ a: 1 }]);
  });
});
