import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHfModel } from "../hf-model/open.ts";
import { hfSources } from "../megatron/catalogue-sources.ts";
import { readSafetensorsHeader } from "../safetensors/open.ts";
import { contentBlocks } from "../tensor-source.ts";
import { openTorchDist } from "./open.ts";

/** Saved by real Megatron: tools/interop/torch-dist/make_megatron_golden.py. */
const golden = fileURLToPath(new URL("../../golden/megatron/", import.meta.url));
let temporary = "";

beforeAll(async () => {
  temporary = await mkdtemp(join(tmpdir(), "moonlight-megatron-"));
  await cp(golden, temporary, { recursive: true });
  for (const path of await readdir(temporary, { recursive: true })) {
    if (!path.endsWith(".gz")) continue;
    const file = join(temporary, path);
    await writeFile(file.slice(0, -".gz".length), gunzipSync(await readFile(file)));
  }
});

afterAll(() => rm(temporary, { recursive: true }));

describe.each(["tp2-pp2-ep2", "tp2-per-expert", "tp2-stacked"])("saved by Megatron: %s", (name) => {
  it("has exactly the expected weights, every byte of them", async () => {
    const file = join(temporary, name, "expected.safetensors");
    const expected = await readSafetensorsHeader(file);
    const bytes = await readFile(file);
    const checkpoint = await openTorchDist(join(temporary, name));
    try {
      expect([...checkpoint.tensors.keys()].sort()).toEqual([...expected.keys()].sort());
      for (const [key, { dtype, shape, offset, byteLength }] of expected) {
        expect(checkpoint.tensors.get(key), key).toMatchObject({ dtype, shape });
        const whole = await checkpoint.readTensor(key);
        expect(bytes.subarray(offset, offset + byteLength).equals(whole), key).toBe(true);
      }
    } finally {
      await checkpoint.close();
    }
  });

  it("has extra and random states as objects that are not read, and Megatron's classes as names", async () => {
    const checkpoint = await openTorchDist(join(temporary, name));
    await checkpoint.close();
    const objects = [...checkpoint.others];
    expect(objects.length).toBeGreaterThan(2);
    for (const [key, type] of objects) {
      expect(key).toMatch(/\._extra_state\/shard_|^rng_state\/shard_/);
      expect(type, key).toBe("bytes");
    }
    expect(checkpoint.iteration).toBe(20);
    expect(checkpoint.common).toMatchObject({
      iteration: 20,
      checkpoint_version: 3,
      args: { num_layers: 2, tensor_model_parallel_size: 2 },
    });
    expect(JSON.stringify(checkpoint.common)).toContain("AttnBackend");
  });
});

it.each(["tp2-pp2-ep2", "tp2-per-expert", "tp2-stacked"])(
  "gives back the Hugging Face model: %s",
  async (name) => {
    const folder = join(temporary, name);
    const model = await openHfModel(join(folder, "model"));
    const checkpoint = await openTorchDist(folder);
    try {
      const sources = hfSources(model.config, checkpoint);
      expect(sources.map((source) => source.name).sort()).toEqual([...model.tensors.keys()].sort());
      for (const source of sources) {
        const blocks: Uint8Array[] = [];
        for await (const block of contentBlocks(source.read())) blocks.push(Buffer.from(block));
        const whole = await model.read(source.name);
        expect(Buffer.concat(blocks).equals(whole), source.name).toBe(true);
      }
    } finally {
      await checkpoint.close();
    }
  },
);
