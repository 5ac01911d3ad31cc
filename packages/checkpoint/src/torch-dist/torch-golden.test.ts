import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPickle } from "../pickle/read.ts";
import { readSafetensorsHeader } from "../safetensors/open.ts";
import { readArchive, readRecord } from "../zip/archive-reader.ts";
import { frameArchive, writeArchive } from "../zip/archive-writer.ts";
import { openTorchDist, type TorchDist } from "./open.ts";
import { frameTensor } from "./tensor-archive.ts";

/** Written by tools/interop/torch-dist/make_golden.py with real torch; expected.safetensors has the tensors whole. */
const golden = fileURLToPath(new URL("../../golden/torch/", import.meta.url));

describe("a checkpoint that four processes of torch saved", () => {
  let checkpoint: TorchDist;
  beforeAll(async () => {
    checkpoint = await openTorchDist(golden);
  });
  afterAll(() => checkpoint.close());

  it("gives every tensor whole, however it was cut", async () => {
    const file = `${golden}expected.safetensors`;
    const bytes = await readFile(file);
    const expected = await readSafetensorsHeader(file);
    expect([...checkpoint.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
    for (const [name, { dtype, shape, offset, byteLength }] of expected) {
      expect(checkpoint.tensors.get(name)).toMatchObject({ dtype, shape });
      const whole = await checkpoint.readTensor(name);
      expect(Buffer.from(whole), name).toEqual(bytes.subarray(offset, offset + byteLength));
    }
    expect(checkpoint.tensors.get("both.f16")?.chunks).toHaveLength(4);
  });

  it("names what it does not read: other dtypes and byte objects", () => {
    expect(checkpoint.others).toEqual(
      new Map([
        ["layer._extra_state/shard_0_1", "bytes"],
        ["optimizer.step.i64", "torch.int64"],
      ]),
    );
  });

  it("has its common part as plain data", () => {
    expect(checkpoint.iteration).toBe(7);
    expect(checkpoint.common).toEqual({
      args: {
        num_layers: 2,
        lr: 1e-6,
        name: "golden",
        sizes: [1, 2 ** 40, -3],
        dtype: { $type: "torch.bfloat16" },
      },
      checkpoint_version: 3,
      iteration: 7,
      nested: { pair: [1, "two"], none: null },
    });
  });
});

describe("an archive that torch.save wrote", () => {
  const file = `${golden}tensor.pt`;

  it("is what our writer makes of the same records, byte for byte", async () => {
    const bytes = await readFile(file);
    const records = await recordsOf(bytes);
    expect(Buffer.from(writeArchive(records)).equals(bytes)).toBe(true);
    const { prefix, suffix, totalSize } = frameArchive(
      records.map(({ name, content }) => ({
        name,
        content: name.endsWith("data/0") ? { size: content.length } : content,
      })),
    );
    const data = records.find(({ name }) => name.endsWith("data/0"))?.content ?? Buffer.alloc(0);
    expect(totalSize).toBe(bytes.length);
    expect(Buffer.concat([prefix, data, suffix(crc32(data))]).equals(bytes)).toBe(true);
  });

  it("has the records, their order and the tensor that we write", async () => {
    const real = await recordsOf(await readFile(file));
    const data = real.find(({ name }) => name.endsWith("data/0"))?.content ?? Buffer.alloc(0);
    const frame = frameTensor([10, 6], "BF16", "seed");
    const archive = Buffer.concat([frame.prefix, data, frame.suffix(crc32(data))]);
    const ours = await recordsOf(archive);
    expect(ours.map(({ name }) => name)).toEqual(real.map(({ name }) => name));
    for (const [i, { name, content }] of real.entries()) {
      const mine = ours[i]?.content ?? Buffer.alloc(0);
      if (name.endsWith("serialization_id")) expect(String(mine)).toMatch(/^\d{40}$/);
      // torch memoises, we do not: the same value in other bytes.
      else if (name.endsWith("data.pkl"))
        expect(readPickle(mine, "ours")).toEqual(readPickle(content, "torch"));
      else expect(mine, name).toEqual(content);
    }
  });
});

/** The records of an archive in their order in the file. */
async function recordsOf(bytes: Uint8Array): Promise<{ name: string; content: Buffer }[]> {
  const folder = await mkdtemp(join(tmpdir(), "moonlight-archive-"));
  const file = join(folder, "archive");
  await writeFile(file, bytes);
  const handle = await open(file, "r");
  try {
    const slice = { handle, file, offset: 0, length: bytes.byteLength };
    const entries = await readArchive(slice);
    const inOrder = [...entries].sort(([, a], [, b]) => a.offset - b.offset);
    return await Promise.all(
      inOrder.map(async ([name]) => ({
        name: `archive/${name}`,
        content: Buffer.from(await readRecord(slice, entries, name, bytes.byteLength)),
      })),
    );
  } finally {
    await handle.close();
    await rm(folder, { recursive: true });
  }
}
