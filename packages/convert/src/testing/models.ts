import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { openHfModel, writeHfModel } from "@moonlight-rl/checkpoint";
import { hfTensors, type HfConfig } from "@moonlight-rl/model";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";

export const TINY = join(assetsDirectory, "models", MODEL);
export const WEIGHTS = "model.safetensors";
export const INDEX = "model.safetensors.index.json";

/** The tiny model with so large a vocabulary that it has about so many bytes, in several shards. */
export async function wideModel(target: string, bytes: number): Promise<void> {
  const { config } = await openHfModel(TINY);
  const vocab_size = 128 * Math.ceil(bytes / (128 * 2 * 2 * config.hidden_size));
  const wide: HfConfig = { ...config, vocab_size };
  await writeHfModel(target, {
    config: { ...wide } as never,
    maxShardBytes: bytes / 4,
    tensors: hfTensors(wide).map(({ name, shape }, i) => ({
      name,
      shape,
      dtype: "BF16",
      read: async function* () {
        const size = 2 * shape.reduce((product, length) => product * length, 1);
        for (let at = 0; at < size; at += 1 << 20)
          yield Buffer.alloc(Math.min(1 << 20, size - at), 1 + (i % 50));
      },
    })),
  });
}

/** Puts the weights of a copy of the tiny model into several shards with an index. */
export async function shard(folder: string): Promise<void> {
  const source = await openHfModel(TINY);
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
export async function reheader(
  folder: string,
  edit: (header: Header) => string | Uint8Array,
): Promise<void> {
  const file = join(folder, WEIGHTS);
  const bytes = await readFile(file);
  const end = 8 + Number(bytes.readBigUInt64LE());
  const header = Buffer.from(edit(JSON.parse(bytes.toString("utf8", 8, end)) as Header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  await writeFile(file, Buffer.concat([length, header, bytes.subarray(end)]));
}

/** Writes the weights with other bytes. */
export async function editWeights(
  folder: string,
  edit: (bytes: Buffer) => Buffer | undefined,
): Promise<void> {
  const file = join(folder, WEIGHTS);
  const bytes = await readFile(file);
  await writeFile(file, edit(bytes) ?? bytes);
}

export async function editConfig(folder: string, changes: object): Promise<void> {
  const file = join(folder, "config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as object;
  await writeFile(file, JSON.stringify({ ...config, ...changes }));
}
