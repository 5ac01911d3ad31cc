import { mkdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import {
  onDisk,
  removePath,
  sha256,
  UsageError,
  writeFileAtomic,
  type Json,
} from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import { planSafetensors } from "../safetensors/write.ts";
import type { TensorSource } from "../tensor-source.ts";
import { FinishedFiles } from "../transfer/finished-files.ts";
import { transferFiles, type TransferOptions } from "../transfer/transfer-files.ts";
import type { WrittenFile } from "../written-file.ts";
import { INDEX_FILE, SINGLE_FILE } from "./open.ts";

export interface WriteHfModelOptions extends TransferOptions {
  /** Content of `config.json`; left out when the caller puts the file there itself. */
  readonly config?: { readonly [key: string]: Json };
  readonly tensors: readonly TensorSource[];
  /** A shard is closed before it grows beyond this; default 5 GB, as the Hub's. */
  readonly maxShardBytes?: number;
  /** Refuse NaN and infinity with `TENSOR_NOT_FINITE` and this hint; absent: any bits are written. */
  readonly finiteHint?: string;
}

const FINISHED = ".finished.json";

/**
 * Writes a model folder: one file when everything fits, else numbered shards, several at a time, and their index. Each file
 * is read back, and complete or absent.
 *
 * After a crash the same call goes on: shards that were finished from sources that have not changed since are kept. Only
 * content that lies in files (`TensorSource.stored`) can be told to be unchanged. Errors: `MODEL_EMPTY`, see `transferFiles`.
 */
export async function writeHfModel(
  folder: string,
  options: WriteHfModelOptions,
): Promise<WrittenFile[]> {
  if (options.tensors.length === 0)
    throw new UsageError("MODEL_EMPTY", "A model needs at least one tensor.");
  await onDisk(folder, () => mkdir(folder, { recursive: true }));
  const shards = shard(options.tensors, options.maxShardBytes ?? 5e9);
  const plans = shards.map((tensors, i) => {
    const name = shards.length === 1 ? SINGLE_FILE : shardName(i + 1, shards.length);
    return planSafetensors(resolve(folder, name), tensors, undefined, options.finiteHint);
  });
  const finished = await FinishedFiles.load(join(folder, FINISHED));
  const names = plans.map(({ path }) => basename(path));
  for (const name of finished.names())
    if (!names.includes(name)) await removePath(join(folder, name));

  const written: WrittenFile[] = [];
  if (options.config !== undefined)
    written.push(
      await writeText(folder, "config.json", JSON.stringify(options.config, null, 2) + "\n"),
    );
  const digests = await transferFiles(plans, finished, options);
  const weightMap: Record<string, string> = {};
  for (const [i, path] of names.entries()) {
    const digest = digests[i];
    if (digest !== undefined) written.push({ path, ...digest });
    for (const { name } of shards[i] ?? []) weightMap[name] = path;
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
  await finished.remove();
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
  await onDisk(path, () => writeFileAtomic(join(folder, path), text));
  return { path, size: Buffer.byteLength(text), sha256: sha256(text) };
}
