import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { sha256, UsageError, writeFileAtomic, type Json } from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import type { WrittenFile } from "../file-writer.ts";
import { writeSafetensors } from "../safetensors/write.ts";
import type { TensorSource } from "../tensor-source.ts";
import { INDEX_FILE, SINGLE_FILE } from "./open.ts";

export interface WriteHfModelOptions {
  /** Content of `config.json`; left out when the caller puts the file there itself. */
  readonly config?: { readonly [key: string]: Json };
  readonly tensors: readonly TensorSource[];
  /** A shard is closed before it grows beyond this; default 5 GB, as the Hub's. */
  readonly maxShardBytes?: number;
}

/** Writes a model folder: one file when everything fits, else numbered shards and their index. Each file is complete or absent. */
export async function writeHfModel(
  folder: string,
  options: WriteHfModelOptions,
): Promise<WrittenFile[]> {
  if (options.tensors.length === 0)
    throw new UsageError("MODEL_EMPTY", "A model needs at least one tensor.");
  await mkdir(folder, { recursive: true });
  const written: WrittenFile[] = [];
  if (options.config !== undefined)
    written.push(
      await writeText(folder, "config.json", JSON.stringify(options.config, null, 2) + "\n"),
    );
  const shards = shard(options.tensors, options.maxShardBytes ?? 5e9);
  const weightMap: Record<string, string> = {};
  for (const [i, tensors] of shards.entries()) {
    const path = shards.length === 1 ? SINGLE_FILE : shardName(i + 1, shards.length);
    written.push({ path, ...(await writeSafetensors(join(folder, path), tensors)) });
    for (const { name } of tensors) weightMap[name] = path;
  }
  if (shards.length > 1) {
    const total = options.tensors.reduce(
      (sum, { shape, dtype }) => sum + tensorBytes(shape, dtype),
      0,
    );
    written.push(
      await writeText(
        folder,
        INDEX_FILE,
        JSON.stringify({ metadata: { total_size: total }, weight_map: weightMap }, null, 2) + "\n",
      ),
    );
  }
  return written;
}

function shard(tensors: readonly TensorSource[], limit: number): TensorSource[][] {
  const shards: TensorSource[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = tensorBytes(tensor.shape, tensor.dtype);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = limit;
    }
    shards.at(-1)?.push(tensor);
    room -= bytes;
  }
  return shards;
}

function shardName(number: number, count: number): string {
  const digits = (value: number): string => String(value).padStart(5, "0");
  return `model-${digits(number)}-of-${digits(count)}.safetensors`;
}

async function writeText(folder: string, path: string, text: string): Promise<WrittenFile> {
  await writeFileAtomic(join(folder, path), text);
  return { path, size: Buffer.byteLength(text), sha256: sha256(text) };
}
