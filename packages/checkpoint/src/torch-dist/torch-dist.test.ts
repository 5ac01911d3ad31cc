import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isMoonlightError } from "@moonlight-rl/core";
import { MOONLIGHT_16B_A3B, hfTensors, type HfConfig } from "@moonlight-rl/model";
import { tensorBytes } from "../dtype.ts";
import { hfSources, megatronSources, type NamedTensors } from "../megatron/catalogue-sources.ts";
import { extraStateKeys } from "../megatron/extra-states.ts";
import { megatronArgs } from "../megatron/megatron-args.ts";
import { contentBlocks } from "../tensor-source.ts";
import { ContentReader } from "../transfer/content-reader.ts";
import { TRACKER_FILE } from "./layout.ts";
import { openTorchDist } from "./open.ts";
import { copyRegion, intersect, tilingFault } from "./region.ts";
import { writeTorchDist } from "./write.ts";

const config: HfConfig = {
  ...MOONLIGHT_16B_A3B,
  vocab_size: 16,
  hidden_size: 8,
  intermediate_size: 12,
  moe_intermediate_size: 4,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  kv_lora_rank: 4,
  qk_nope_head_dim: 4,
  qk_rope_head_dim: 2,
  v_head_dim: 4,
  n_routed_experts: 2,
  num_experts_per_tok: 1,
};

/** Every tensor filled with bytes that depend on its name; finite in bf16. */
const model: NamedTensors & { bytes(name: string): Uint8Array } = {
  dtypeOf: (name) =>
    hfTensors(config).some((tensor) => tensor.name === name)
      ? name.endsWith("_bias")
        ? "F32"
        : "BF16"
      : undefined,
  bytes(name) {
    const shape = hfTensors(config).find((tensor) => tensor.name === name)?.shape ?? [];
    const bytes = new Uint8Array(tensorBytes(shape, name.endsWith("_bias") ? "F32" : "BF16"));
    return bytes.map((_, i) => (i % 2 === 1 ? 0x3f : (i * 7 + name.length * 13) % 256));
  },
  read: (name) => model.bytes(name),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-torch-dist-"));
});
afterEach(() => rm(folder, { recursive: true }));

const write = (iteration: number | "release" = "release"): Promise<unknown> =>
  writeTorchDist(folder, {
    iteration,
    tensors: megatronSources(config, model),
    args: megatronArgs(config),
    common: { note: { list: [1, 2.5, "x", null, true], big: 2 ** 40, negative: -3 } },
  });

describe("a torch_dist checkpoint", () => {
  it("gives back every Hugging Face tensor byte for byte", async () => {
    await write();
    const checkpoint = await openTorchDist(folder);
    expect(checkpoint.iteration).toBe("release");
    for (const source of hfSources(config, checkpoint)) {
      const blocks: Uint8Array[] = [];
      for await (const block of contentBlocks(source.read())) blocks.push(block);
      expect(Buffer.concat(blocks).equals(model.bytes(source.name)), source.name).toBe(true);
    }
    await checkpoint.close();
  });

  it("assembles whole tensors and regions that cross chunks", async () => {
    await write();
    const checkpoint = await openTorchDist(folder);
    const key = "decoder.layers.1.mlp.experts.experts.linear_fc1.weight";
    const all = await checkpoint.readTensor(key);
    const gate = model.bytes("model.layers.1.mlp.experts.1.gate_proj.weight");
    const up = model.bytes("model.layers.1.mlp.experts.1.up_proj.weight");
    expect(
      Buffer.from(all)
        .subarray(all.length / 2)
        .equals(Buffer.concat([gate, up])),
    ).toBe(true);
    const rows = await checkpoint.readRegion(key, { offsets: [1, 3, 2], sizes: [1, 2, 5] });
    const row = (bytes: Uint8Array, index: number): Uint8Array =>
      bytes.subarray((index * 8 + 2) * 2, (index * 8 + 7) * 2);
    expect(Buffer.from(rows).equals(Buffer.concat([row(gate, 3), row(up, 0)]))).toBe(true);
    await checkpoint.close();
  });

  it("keeps plain data, arguments and the iteration beside the tensors", async () => {
    await write(19);
    const checkpoint = await openTorchDist(folder);
    const { iteration, common } = checkpoint;
    expect(iteration).toBe(19);
    expect(common).toMatchObject({
      iteration: 19,
      checkpoint_version: 3,
      args: { num_layers: 2, ckpt_format: "torch_dist" },
      note: { list: [1, 2.5, "x", null, true], big: 2 ** 40, negative: -3 },
    });
    await checkpoint.close();
  });

  it("is byte-equal when written again, and keeps other iterations", async () => {
    await write(1);
    const before = await readFile(join(folder, "iter_0000001", "__0_0.distcp"));
    await write(2);
    expect(await readFile(join(folder, "iter_0000002", "__0_0.distcp"))).toEqual(before);
    expect(await readFile(join(folder, TRACKER_FILE), "utf8")).toBe("2");
    const first = await openTorchDist(folder, 1);
    expect(first.iteration).toBe(1);
    await first.close();
  });
});

it("holds empty extra states under all their keys, when asked to", async () => {
  const keys = extraStateKeys(config);
  await writeTorchDist(folder, {
    iteration: "release",
    tensors: megatronSources(config, model),
    args: {},
    extraStates: keys,
  });
  const checkpoint = await openTorchDist(folder);
  expect([...checkpoint.others]).toEqual(keys.map((key) => [key, "bytes"]));
  for (const source of hfSources(config, checkpoint)) {
    const blocks: Uint8Array[] = [];
    for await (const block of contentBlocks(source.read())) blocks.push(block);
    expect(Buffer.concat(blocks).equals(model.bytes(source.name)), source.name).toBe(true);
  }
  await checkpoint.close();
});

it("is read in small blocks, whatever the chunks are", async () => {
  await write();
  const checkpoint = await openTorchDist(folder);
  const key = "decoder.layers.1.mlp.experts.experts.linear_fc1.weight";
  const region = { offsets: [0, 1, 1], sizes: [2, 6, 5] };
  const wanted = await checkpoint.readRegion(key, region);
  for (const size of [8, 24, 64, 1024]) {
    const reader = new ContentReader(size);
    const blocks: Uint8Array[] = [];
    for await (const block of reader.blocks(checkpoint.stored(key, region))) {
      expect(block.byteLength).toBeLessThanOrEqual(Math.max(size / 2, 2));
      blocks.push(Uint8Array.from(block));
    }
    await reader.close();
    expect(Buffer.concat(blocks).equals(wanted), `blocks of ${size}`).toBe(true);
  }
  await checkpoint.close();
});

describe("a damaged checkpoint", () => {
  const readAll = async (): Promise<void> => {
    const checkpoint = await openTorchDist(folder);
    try {
      for (const key of checkpoint.tensors.keys()) await checkpoint.readTensor(key);
    } finally {
      await checkpoint.close();
    }
  };

  it("is refused when no tracker was written", async () => {
    await mkdir(join(folder, "release"));
    await expect(readAll()).rejects.toMatchObject({ code: "CHECKPOINT_INCOMPLETE" });
  });

  it.each([["junk"], ["-1"], ["../x"]])("is refused when the tracker says %s", async (text) => {
    await write();
    await writeFile(join(folder, TRACKER_FILE), text);
    await expect(readAll()).rejects.toMatchObject({ code: "TRACKER_INVALID" });
  });

  it("is refused when a data file is cut short", async () => {
    await write();
    const file = join(folder, "release", "__0_1.distcp");
    await truncate(file, (await readFile(file)).length - 100);
    await expect(readAll()).rejects.toMatchObject({ code: "FILE_TRUNCATED" });
  });

  it("is refused when a single bit of a tensor changed", async () => {
    await write();
    const file = join(folder, "release", "__0_0.distcp");
    const bytes = await readFile(file);
    const first = bytes.indexOf(
      Buffer.from(model.bytes("model.embed_tokens.weight").subarray(0, 64)),
    );
    bytes[first + 3] = (bytes[first + 3] ?? 0) ^ 1;
    await writeFile(file, bytes);
    await expect(readAll()).rejects.toMatchObject({ code: "CHUNK_CRC" });
  });

  it("is answered with a coded error or read, whatever bytes change", async () => {
    await write();
    const files = await Promise.all(
      [".metadata", "common.pt", "__0_0.distcp"].map(async (name) => ({
        path: join(folder, "release", name),
        bytes: await readFile(join(folder, "release", name)),
      })),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.nat(files.length - 1),
        fc.array(fc.tuple(fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.nat(255)), {
          minLength: 1,
          maxLength: 3,
        }),
        async (which, edits) => {
          const file = files[which];
          if (file === undefined) return;
          const mutated = Buffer.from(file.bytes);
          for (const [at, value] of edits) mutated[Math.floor(at * mutated.length)] = value;
          await writeFile(file.path, mutated);
          await readAll().catch((error: unknown) => {
            if (!isMoonlightError(error)) throw error;
          });
          await writeFile(file.path, file.bytes);
        },
      ),
      { numRuns: 150 },
    );
  });
});

describe("regions", () => {
  it("refuses chunks that overlap, leave a gap or leave the tensor", () => {
    const row = (at: number, size = 1): { offsets: number[]; sizes: number[] } => ({
      offsets: [at, 0],
      sizes: [size, 4],
    });
    expect(tilingFault([3, 4], [row(0), row(1), row(2)])).toBeUndefined();
    expect(tilingFault([3, 4], [row(0), row(1)])).toMatch(/cover 8 of 12/);
    expect(tilingFault([3, 4], [row(0, 2), row(1, 2)])).toMatch(/overlap/);
    expect(tilingFault([3, 4], [row(0, 4)])).toMatch(/not within/);
  });

  it("copies like a loop over single elements", () => {
    const dims = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    const box = dims.chain((sizes) =>
      fc.tuple(
        fc.constant(sizes),
        fc.tuple(...sizes.map(() => fc.nat(3))),
        fc.tuple(...sizes.map(() => fc.nat(3))),
        fc.tuple(...sizes.map(() => fc.integer({ min: 1, max: 4 }))),
      ),
    );
    fc.assert(
      fc.property(box, ([sizes, fromOffsets, toOffsets, toSizes]) => {
        const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
        const from = {
          offsets: fromOffsets,
          sizes,
          bytes: Uint8Array.from({ length: count(sizes) }, (_, i) => i + 1),
        };
        const to = { offsets: toOffsets, sizes: toSizes, bytes: new Uint8Array(count(toSizes)) };
        const part = intersect(from, to);
        if (part === undefined) return;
        copyRegion(from, to, part, 1);
        const at = (
          b: { offsets: readonly number[]; sizes: readonly number[] },
          index: readonly number[],
        ): number =>
          index.reduce(
            (sum, value, axis) => sum * (b.sizes[axis] ?? 1) + value - (b.offsets[axis] ?? 0),
            0,
          );
        const want = new Uint8Array(to.bytes.length);
        for (let flat = 0; flat < count(part.sizes); flat++) {
          let rest = flat;
          const index = [...part.sizes]
            .map((_, axis) => axis)
            .reverse()
            .map((axis) => {
              const size = part.sizes[axis] ?? 1;
              const value = rest % size;
              rest = Math.floor(rest / size);
              return value + (part.offsets[axis] ?? 0);
            })
            .reverse();
          want[at(to, index)] = from.bytes[at(from, index)] ?? 0;
        }
        expect(to.bytes).toEqual(want);
      }),
    );
  });
});
