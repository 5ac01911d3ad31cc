import { mkdir, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fromFloat32 } from "../dtype.ts";
import { writeHfModel } from "../hf-model/write.ts";
import { writePickle } from "../pickle/write.ts";
import { metadataPickle } from "../torch-dist/metadata-pickle.ts";
import { openTorchDist } from "../torch-dist/open.ts";
import { writeTorchDist } from "../torch-dist/write.ts";
import { verifyCheckpoint } from "./verify.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-verify-"));
});
afterEach(() => rm(folder, { recursive: true }));

const NAMES = ["a", "b", "c", "d", "e", "f"];
const SHAPE = [4, 8];
const content = fromFloat32(
  Float32Array.from({ length: 32 }, (_, i) => i),
  "F32",
);
const findings = async (path = folder): Promise<string[]> =>
  (await verifyCheckpoint(path)).findings.map(({ code, name }) => `${code} ${name}`).sort();

/** Six tensors in three shards of two. */
const writeModel = (): Promise<unknown> =>
  writeHfModel(folder, {
    maxShardBytes: 2 * content.byteLength,
    tensors: NAMES.map((name) => ({ name, dtype: "F32", shape: SHAPE, read: () => content })),
  });
const shard = (number: number): string => join(folder, `model-0000${number}-of-00003.safetensors`);
const INDEX = "model.safetensors.index.json";

async function editHeader(file: string, edit: (text: string) => string): Promise<void> {
  const bytes = await readFile(file);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = bytes.toString("utf8", 8, end);
  const edited = edit(header);
  expect(edited).not.toBe(header);
  await writeFile(
    file,
    Buffer.concat([bytes.subarray(0, 8), Buffer.from(edited), bytes.subarray(end)]),
  );
}

describe("safetensors that cannot be opened", () => {
  beforeEach(writeModel);

  it("names each shard that is absent, damaged or cut short, and reads the others", async () => {
    await rm(shard(1));
    await truncate(shard(2), 20);
    expect(await findings()).toEqual([
      "SAFETENSORS_TRUNCATED " + folder,
      "SHARD_MISSING model-00001-of-00003.safetensors",
      "TENSOR_MISSING c",
      "TENSOR_MISSING d",
    ]);
    expect(await verifyCheckpoint(folder)).toMatchObject({ tensors: 2, bytes: 256 });
  });

  it("names each tensor that a header is wrong about, and reads the others", async () => {
    await editHeader(shard(1), (text) => text.replace('"F32"', '"F99"'));
    await editHeader(shard(2), (text) => text.replace("[4,8]", "[4,9]"));
    const found = await findings();
    expect(found).toEqual([
      "SAFETENSORS_SIZE c",
      "TENSOR_DTYPE a",
      "TENSOR_MISSING a",
      "TENSOR_MISSING c",
    ]);
    expect(await verifyCheckpoint(folder)).toMatchObject({ tensors: 4 });
  });

  it("names what lies beyond the end of a file, and what the index is wrong about", async () => {
    await truncate(shard(3), (await readFile(shard(3))).byteLength - 1);
    const index = await readFile(join(folder, INDEX), "utf8");
    await writeFile(join(folder, INDEX), index.replace('"a"', '"ghost"'));
    expect(await findings()).toEqual([
      "FILE_TRUNCATED f",
      "SAFETENSORS_TRUNCATED " + folder,
      "TENSOR_MISSING ghost",
    ]);
    await writeFile(join(folder, INDEX), "{");
    expect(await findings()).toEqual([
      "FILE_TRUNCATED f",
      "INVALID_JSON " + folder,
      "SAFETENSORS_TRUNCATED " + folder,
    ]);
  });
});

describe("a torch_dist checkpoint that cannot be opened", () => {
  const release = (name: string): string => join(folder, "release", name);
  beforeEach(() =>
    writeTorchDist(folder, {
      iteration: "release",
      args: {},
      files: 2,
      tensors: NAMES.map((key) => {
        const chunks = [{ offsets: [0, 0], sizes: SHAPE, read: () => content }];
        return { key, dtype: "F32" as const, shape: SHAPE, chunks };
      }),
    }),
  );

  it("says all that was not finished, and still reads every tensor", async () => {
    await rm(join(folder, "latest_checkpointed_iteration.txt"));
    await rm(release("metadata.json"));
    await writeFile(release("common.pt"), "no archive");
    const found = await verifyCheckpoint(folder);
    expect(found.findings.map(({ code }) => code)).toEqual([
      "CHECKPOINT_INCOMPLETE",
      "CHECKPOINT_INCOMPLETE",
      "ZIP_INVALID",
    ]);
    expect(found).toMatchObject({ tensors: NAMES.length, bytes: NAMES.length * 128 });
    await expect(openTorchDist(folder)).rejects.toMatchObject({ code: "CHECKPOINT_INCOMPLETE" });
  });

  it("says what else is wrong when the tensors are not described", async () => {
    await rm(release("common.pt"));
    await rename(release(".metadata"), join(folder, "elsewhere"));
    const found = (await verifyCheckpoint(folder)).findings;
    expect(found).toMatchObject([
      { code: "FILE_MISSING", file: release("common.pt") },
      { code: "FILE_MISSING", file: release(".metadata") },
    ]);
  });

  it("takes the newest iteration when the tracker names none", async () => {
    const tracker = join(folder, "latest_checkpointed_iteration.txt");
    await rename(join(folder, "release"), join(folder, "iter_0000012"));
    await mkdir(join(folder, "iter_0000013"));
    await writeFile(tracker, "twelve");
    const found = await verifyCheckpoint(folder);
    expect(found.findings).toMatchObject([{ code: "TRACKER_INVALID", file: tracker }]);
    expect(found.tensors).toBe(NAMES.length);
    await rm(join(folder, "iter_0000012"), { recursive: true });
    expect((await verifyCheckpoint(folder)).findings).toMatchObject([{ code: "TRACKER_INVALID" }]);
  });

  it("names every tensor that its metadata is wrong about, beside what is wrong with the bytes", async () => {
    const checkpoint = await openTorchDist(folder);
    await checkpoint.close();
    const tensors = new Map(checkpoint.tensors);
    const change = (key: string, edit: object): void => {
      const tensor = tensors.get(key);
      const chunks = tensor?.chunks.map((chunk) => ({ ...chunk, ...edit })) ?? [];
      tensors.set(key, { dtype: "F32", shape: SHAPE, chunks });
    };
    change("a", { sizes: [3, 8] });
    change("b", { path: "../outside" });
    change("c", { path: "gone.distcp" });
    await writeFile(release(".metadata"), writePickle(metadataPickle(tensors)));
    const file = release("__0_1.distcp");
    const bytes = await readFile(file);
    bytes.set([0x55], bytes.lastIndexOf(content));
    await writeFile(file, bytes);
    expect(await findings()).toEqual([
      "CHUNKS_INCOMPLETE a",
      "CHUNK_CRC f",
      "CHUNK_MISMATCH a",
      "FILE_MISSING c",
      // The place in the storage, and the chunk that has none then.
      "METADATA_INVALID b",
      "METADATA_INVALID b",
    ]);
  });
});
