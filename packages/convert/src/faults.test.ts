import { appendFile, cp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  openTorchDist,
  writeHfModel,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { hfTensors } from "@moonlight-rl/model";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it } from "vitest";
import { toTorchDist } from "./stage.ts";

const tiny = join(assetsDirectory, "models", MODEL);
const WEIGHTS = "model.safetensors";
const INDEX = "model.safetensors.index.json";

/** Spoils a copy of the tiny model; converting it must fail so and publish nothing. */
function failing(spoil: (folder: string) => Promise<void>, expected: object): Promise<void> {
  return withStage(toTorchDist, async (kit) => {
    const folder = await kit.files({});
    await cp(tiny, folder, { recursive: true });
    await spoil(folder);
    const model = await adoptArtifact("hf-model", folder);
    await expect(kit.run({ model })).rejects.toMatchObject(expected);
    expect(await readdir(kit.workspace.store).catch(() => [])).toEqual([]);
  });
}

/** The tiny model in several shards with an index. */
async function shard(folder: string): Promise<void> {
  const source = await openHfModel(tiny);
  await rm(join(folder, WEIGHTS));
  await writeHfModel(folder, {
    maxShardBytes: 200_000,
    tensors: hfTensors(source.config).map(({ name, shape }) => ({
      name,
      shape,
      dtype: source.dtypeOf(name) ?? "F32",
      read: () => source.read(name),
    })),
  });
}

type Header = Record<string, { data_offsets: number[]; shape: number[]; dtype: string }>;

/** Writes the weights with another header. */
async function reheader(folder: string, edit: (header: Header) => string | Uint8Array) {
  const file = join(folder, WEIGHTS);
  const bytes = await readFile(file);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = Buffer.from(edit(JSON.parse(bytes.toString("utf8", 8, end)) as Header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(file, Buffer.concat([length, header, bytes.subarray(end)]));
}

async function editConfig(folder: string, changes: object): Promise<void> {
  const file = join(folder, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...config, ...changes }));
}

describe("a fault is a coded error, and nothing is published", () => {
  it("C4 a tensor of another dtype than config.json names", () =>
    failing(
      (folder) =>
        reheader(folder, (header) => {
          const entry = header["lm_head.weight"];
          if (entry !== undefined) entry.dtype = "F16";
          return JSON.stringify(header);
        }),
      { code: "TENSOR_DTYPE", exitCode: 4, field: "lm_head.weight" },
    ));

  it("C1 missing shard", () =>
    failing(
      async (folder) => {
        await shard(folder);
        const shards = (await readdir(folder)).filter((name) => name.startsWith("model-0"));
        expect(shards.length).toBeGreaterThan(1);
        await rm(join(folder, shards[1] ?? ""));
      },
      { code: "SHARD_MISSING", exitCode: 3, file: expect.stringMatching(/model-00002/) },
    ));

  it("C2 index names an absent tensor", () =>
    failing(
      async (folder) => {
        await shard(folder);
        const file = join(folder, INDEX);
        const index = JSON.parse(await readFile(file, "utf8")) as { weight_map: object };
        const first = Object.values(index.weight_map)[0] as string;
        index.weight_map = { ...index.weight_map, absent: first };
        await writeFile(file, JSON.stringify(index));
      },
      { code: "TENSOR_MISSING", exitCode: 4, field: "absent" },
    ));

  it("C3 duplicate tensor", () =>
    failing(
      async (folder) => {
        await shard(folder);
        const shards = (await readdir(folder)).filter((name) => name.startsWith("model-0")).sort();
        await cp(join(folder, shards[0] ?? ""), join(folder, shards[1] ?? ""));
      },
      { code: "TENSOR_DUPLICATE", exitCode: 4 },
    ));

  it.each([
    ["shape", { moe_intermediate_size: 3 }, { code: "TENSOR_SHAPE", exitCode: 4 }],
    ["count", { n_routed_experts: 99 }, { code: "TENSOR_SHAPE", exitCode: 4 }],
    ["vocabulary", { vocab_size: 7 }, { code: "TENSOR_SHAPE", exitCode: 4 }],
  ])("C4 %s differs from the config", (_, changes, expected) =>
    failing((folder) => editConfig(folder, changes), expected),
  );

  it("C4 dtype that the format has and models of this family have not", () =>
    failing(
      (folder) =>
        reheader(folder, (header) =>
          JSON.stringify(header).replace(/"dtype":"\w+"/, '"dtype":"F8_E4M3"'),
        ),
      { code: "TENSOR_DTYPE", exitCode: 4 },
    ));

  it.each([4, 100, 5000])("C5 truncated safetensors: %d bytes", (length) =>
    failing(
      async (folder) => {
        const file = join(folder, WEIGHTS);
        await writeFile(file, (await readFile(file)).subarray(0, length));
      },
      { code: "SAFETENSORS_TRUNCATED", exitCode: 4, byteOffset: length },
    ),
  );

  it.each([100_000_001n, 2n ** 63n, 2n ** 64n - 1n])("C6 header of %d bytes", (length) =>
    failing(
      async (folder) => {
        const file = join(folder, WEIGHTS);
        const bytes = await readFile(file);
        bytes.writeBigUInt64LE(length);
        await writeFile(file, bytes);
      },
      { code: "SAFETENSORS_HEADER", exitCode: 4, byteOffset: 0 },
    ),
  );

  it("C6 header that is no JSON, and overlapping offsets", async () => {
    await failing((folder) => reheader(folder, () => "{nonsense"), { code: "SAFETENSORS_HEADER" });
    await failing(
      (folder) =>
        reheader(folder, (header) => {
          const entries = Object.values(header).filter((entry) => "data_offsets" in entry);
          const [first] = entries;
          const twin = entries.find((entry) => entry !== first);
          if (first !== undefined && twin !== undefined) {
            twin.data_offsets = first.data_offsets;
            twin.shape = first.shape;
          }
          return JSON.stringify(header);
        }),
      { code: "SAFETENSORS_LAYOUT", exitCode: 4 },
    );
  });

  it.each([
    ["NaN", 0x7fff],
    ["Infinity", 0x7f80],
    ["-Infinity", 0xff80],
  ])("C7 %s among the weights", (_, bits) =>
    failing(
      async (folder) => {
        const file = join(folder, WEIGHTS);
        const bytes = await readFile(file);
        bytes.writeUInt16LE(bits, bytes.length - 2);
        await writeFile(file, bytes);
      },
      { code: "TENSOR_NOT_FINITE", exitCode: 4 },
    ),
  );

  it("C8 vocabulary that is padded beyond its config", () =>
    failing(
      async (folder) => {
        const { config } = await openHfModel(folder);
        await editConfig(folder, { vocab_size: config.vocab_size - 1 });
      },
      { code: "TENSOR_SHAPE", field: "model.embed_tokens.weight" },
    ));
});

it("C9 a checkpoint without its last file is not taken for a complete one", () =>
  withStage(toTorchDist, async (kit) => {
    const { checkpoint } = await kit.run({ model: await adoptArtifact("hf-model", tiny) });
    for (const marker of ["latest_checkpointed_iteration.txt", "release/metadata.json"]) {
      const folder = await kit.files({});
      await cp(checkpoint.path, folder, { recursive: true });
      await rm(join(folder, marker));
      await expect(openTorchDist(folder)).rejects.toMatchObject({
        code: "CHECKPOINT_INCOMPLETE",
        exitCode: 3,
      });
    }
  }));

it("C11 the source changes while it is read", async () => {
  const spoils = {
    grows: (file: string) => appendFile(file, "more"),
    "is replaced": async (file: string) => {
      await cp(file, `${file}.new`);
      await rename(`${file}.new`, file);
    },
  };
  for (const spoil of Object.values(spoils)) {
    await withStage(toTorchDist, async (kit) => {
      const folder = await kit.files({});
      await cp(tiny, folder, { recursive: true });
      const file = join(folder, WEIGHTS);
      const model = await openHfModel(folder);
      await spoil(file);
      const target = await kit.files({});
      const written = writeTorchDist(join(target, "out"), {
        iteration: "release",
        args: megatronArgs(model.config),
        tensors: megatronSources(model.config, {
          dtypeOf: (name) => model.dtypeOf(name),
          read: (name) => model.blocks(name),
          stored: (name) => model.stored(name),
        }),
      });
      await expect(written).rejects.toMatchObject({ code: "SOURCE_CHANGED" });
      await expect(openTorchDist(join(target, "out"))).rejects.toMatchObject({
        code: "CHECKPOINT_INCOMPLETE",
      });
    });
  }
});
