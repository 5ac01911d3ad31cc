import { mkdtemp, open, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isMoonlightError } from "@moonlight-rl/core";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { readPickle } from "./pickle/read.ts";
import { readSafetensorsHeader } from "./safetensors/open.ts";
import { readArchive, readRecord } from "./zip/archive-reader.ts";

const golden = fileURLToPath(new URL("../golden/torch/", import.meta.url));
/** The full count of mutations with MOONLIGHT_DEEP=1. */
const numRuns = process.env["MOONLIGHT_DEEP"] === "1" ? 10_000 : 500;
const TIMEOUT_MS = 30_000 + numRuns * 50;
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-hostile-"));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => {
  vi.restoreAllMocks();
});

/** Changed bytes (often in the sizes at the ends), a cut, or bytes put in between. */
function mutations(original: Buffer): fc.Arbitrary<Buffer> {
  const place = fc.oneof(
    fc.nat(original.length - 1),
    fc.nat(Math.min(64, original.length - 1)),
    fc.nat(Math.min(300, original.length - 1)).map((back) => original.length - 1 - back),
  );
  const value = fc.oneof(fc.constantFrom(0, 0x7f, 0x80, 0xff), fc.nat(255));
  const edits = fc.array(fc.tuple(place, value), { minLength: 1, maxLength: 6 }).map((list) => {
    const bytes = Buffer.from(original);
    for (const [at, byte] of list) bytes[at] = byte;
    return bytes;
  });
  const cuts = place.map((end) => original.subarray(0, end));
  const inserts = fc
    .tuple(place, fc.uint8Array({ minLength: 1, maxLength: 9 }))
    .map(([at, extra]) => Buffer.concat([original.subarray(0, at), extra, original.subarray(at)]));
  return fc.oneof({ arbitrary: edits, weight: 4 }, cuts, inserts);
}

/** Reads every mutation: an answer or a coded error, and no memory but for bytes that the file has. */
async function survives(original: Buffer, read: (file: string) => Promise<unknown>): Promise<void> {
  const file = join(folder, "mutated");
  await writeFile(file, original);
  await read(file);
  const allocate = vi.spyOn(Buffer, "allocUnsafe");
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(mutations(original), async (bytes) => {
      await writeFile(file, bytes);
      allocate.mockClear();
      try {
        await read(file);
      } catch (error) {
        expect(isMoonlightError(error), String(error)).toBe(true);
        refused += 1;
      }
      const most = allocate.mock.calls.reduce((max, [length]) => Math.max(max, length), 0);
      expect(most).toBeLessThanOrEqual(Math.max(bytes.length, 64));
    }),
    { numRuns },
  );
  expect(refused).toBeGreaterThan(numRuns / 10);
}

describe("a mutated file is read or refused by code", () => {
  it(
    "safetensors",
    async () =>
      survives(await readFile(join(golden, "expected.safetensors")), readSafetensorsHeader),
    TIMEOUT_MS,
  );

  it(
    "zip archive of torch.save, and the pickle within",
    async () =>
      survives(await readFile(join(golden, "tensor.pt")), async (file) => {
        const handle = await open(file, "r");
        try {
          const slice = { handle, file, offset: 0, length: (await handle.stat()).size };
          readPickle(await readRecord(slice, await readArchive(slice), "data.pkl", 1 << 16), file);
        } finally {
          await handle.close();
        }
      }),
    TIMEOUT_MS,
  );

  it(
    "pickle of a checkpoint's metadata",
    async () =>
      survives(await readFile(join(golden, "iter_0000007", ".metadata")), async (file) =>
        readPickle(await readFile(file), file),
      ),
    TIMEOUT_MS,
  );
});

describe("a hostile pickle", () => {
  /** cos\nsystem\n(S'touch FILE'\ntR. */
  const call = (module: string, name: string, argument: string): Buffer =>
    Buffer.from(`c${module}\n${name}\n(S'${argument}'\ntR.`, "latin1");

  it.each([
    ["os", "system"],
    ["builtins", "eval"],
    ["subprocess", "Popen"],
  ])("that calls %s.%s is data", async (module, name) => {
    const witness = join(folder, "executed");
    let read: unknown;
    try {
      read = readPickle(call(module, name, `touch ${witness}`), "evil");
    } catch (error) {
      expect(isMoonlightError(error)).toBe(true);
    }
    expect(typeof read).not.toBe("function");
    await expect(stat(witness)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it.each([
    ["a string", [0x80, 4, 0x8d, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]],
    ["bytes", [0x80, 4, 0x8e, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]],
    ["an integer", [0x80, 4, 0x8b, 0xff, 0xff, 0xff, 0x7f]],
    ["a bytearray", [0x80, 5, 0x96, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0]],
  ])("that promises terabytes of %s is refused by its own length", (_, bytes) => {
    const allocate = vi.spyOn(Buffer, "allocUnsafe");
    expect(() => readPickle(Uint8Array.from(bytes), "evil")).toThrowError(
      expect.objectContaining({ exitCode: 4 }) as Error,
    );
    expect(allocate).not.toHaveBeenCalled();
  });
});
