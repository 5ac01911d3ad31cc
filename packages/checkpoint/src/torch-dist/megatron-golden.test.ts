import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openHfModel } from "../hf-model/open.ts";
import { toFloat32 } from "../dtype.ts";
import { hfSources } from "../megatron/catalogue-sources.ts";
import { isOptimizerState } from "../megatron/training-state.ts";
import { readSafetensorsHeader } from "../safetensors/open.ts";
import { contentBlocks } from "../tensor-source.ts";
import { verifyCheckpoint } from "../verify/verify.ts";
import { openTorchDist } from "./open.ts";

/** Saved by real Megatron: tools/interop/torch-dist/make_megatron_golden.py. */
const golden = fileURLToPath(new URL("../../golden/megatron/", import.meta.url));
const OPTIMIZERS = ["optimizer-buckets", "optimizer-tensors"];
const GOLDENS = ["tp2-pp2-ep2", "tp2-per-expert", "tp2-stacked", ...OPTIMIZERS];
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

describe.each(GOLDENS)("saved by Megatron: %s", (name) => {
  it("has exactly the expected weights, every byte of them", async () => {
    const file = join(temporary, name, "expected.safetensors");
    const expected = await readSafetensorsHeader(file);
    const bytes = await readFile(file);
    const checkpoint = await openTorchDist(join(temporary, name));
    try {
      const weights = [...checkpoint.tensors.keys()].filter((key) => !isOptimizerState(key));
      expect(weights.sort()).toEqual([...expected.keys()].sort());
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
      expect(key).toMatch(/\._extra_state\/shard_|^rng_state\/shard_|^(chained_\d\.)?optimizer\./);
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

it.each(GOLDENS)("verifies with nothing wrong: %s", async (name) => {
  const folder = join(temporary, name);
  const { findings, against } = await verifyCheckpoint(folder, { model: join(folder, "model") });
  expect({ findings, against }).toEqual({ findings: [], against: "config.json" });
});

describe.each(OPTIMIZERS)("Megatron's distributed optimizer: %s", (name) => {
  it("has a float32 copy and both moments of every element, beside the weights", async () => {
    const folder = join(temporary, name);
    const checkpoint = await openTorchDist(folder);
    try {
      const elements = { weights: 0, param: 0, exp_avg: 0, exp_avg_sq: 0 };
      let [padding, moments] = [0, 0];
      for (const [key, { dtype, shape }] of checkpoint.tensors) {
        const kind = isOptimizerState(key)
          ? /[.](param|exp_avg|exp_avg_sq)(?=[.]|$)/.exec(key)?.[1]
          : "weights";
        const numel = shape.reduce((a, b) => a * b, 1);
        if (kind === undefined) throw new Error(key);
        // No gradient ever reaches the router's bias, and buckets hold what each tensor rank has of the weights.
        if (kind !== "weights" || !key.endsWith(".expert_bias"))
          elements[kind as keyof typeof elements] += numel;
        if (kind !== "exp_avg") continue;
        const values = toFloat32(await checkpoint.readTensor(key), dtype);
        padding += values.filter((value) => Number.isNaN(value)).length;
        moments += values.filter((value) => Math.abs(value) > 0).length;
      }
      expect(elements.exp_avg).toBe(elements.param);
      expect(elements.exp_avg_sq).toBe(elements.param);
      expect(moments).toBeGreaterThanOrEqual(elements.weights);
      if (name === "optimizer-tensors") {
        expect(elements.param).toBe(elements.weights);
        expect(padding).toBe(0);
      } else expect(padding).toBeGreaterThan(0);
    } finally {
      await checkpoint.close();
    }
  });
});

it.each(GOLDENS)("gives back the Hugging Face model: %s", async (name) => {
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
});
