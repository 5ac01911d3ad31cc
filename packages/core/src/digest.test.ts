import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { removePath } from "./atomic-file.ts";
import { hashFile, newSha256, sha256 } from "./digest.ts";

// FIPS 180-4, the examples "abc" and the empty message.
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

it("computes sha256 of text and bytes", () => {
  expect(sha256("abc")).toBe(ABC);
  expect(sha256(new Uint8Array())).toBe(EMPTY);
  expect(newSha256().update("a").update("bc").digest("hex")).toBe(ABC);
});

it("streams files of more than one block and reports their bytes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "core-digest-"));
  try {
    const path = join(folder, "big");
    const bytes = Buffer.alloc((1 << 20) * 2 + 17, "moonlight");
    await writeFile(path, bytes);
    let seen = 0;
    const result = await hashFile(path, { onBytes: (n) => (seen += n) });
    expect(result).toEqual({ sha256: sha256(bytes), size: bytes.length });
    expect(seen).toBe(bytes.length);
    await expect(hashFile(path, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  } finally {
    await removePath(folder);
  }
});
