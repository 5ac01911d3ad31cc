import { existsSync } from "node:fs";
import { open } from "node:fs/promises";
import { basename, join } from "node:path";
import { PreflightError, readJson, VerificationError } from "@moonlight-rl/core";
import { hfConfigSchema, type HfConfig } from "@moonlight-rl/model";
import { z } from "zod";
import { readBlocks, readExactly } from "../read-range.ts";
import type { Dtype } from "../dtype.ts";
import type { TensorInfo } from "../safetensors/header.ts";
import { readSafetensorsHeader } from "../safetensors/open.ts";
import { identify, type FileIdentity } from "../transfer/source-files.ts";
import type { StoredContent } from "../transfer/stored-content.ts";

/** The tensors of a Hugging Face model folder, wherever its shards put them. */
export interface HfModel {
  readonly folder: string;
  readonly config: HfConfig;
  /** The safetensors files, relative to the folder, in order. */
  readonly files: readonly string[];
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** A whole tensor, row-major, little-endian. */
  read(name: string): Promise<Uint8Array>;
  /** A whole tensor in blocks of at most 8 MiB. */
  blocks(name: string): AsyncGenerator<Uint8Array>;
  /** Where a tensor's bytes lie, so that writers can copy them in threads and notice when the file changes. */
  stored(name: string): StoredContent;
  dtypeOf(name: string): Dtype | undefined;
}

export const SINGLE_FILE = "model.safetensors";
export const INDEX_FILE = "model.safetensors.index.json";

export const indexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string()) });

/** Opens a model folder: `config.json` and either one `model.safetensors` or an index with its shards. */
export async function openHfModel(folder: string): Promise<HfModel> {
  const config = await readJson(join(folder, "config.json"), hfConfigSchema, {
    what: "config.json",
    code: "MODEL_CONFIG_INVALID",
  });
  const indexPath = join(folder, INDEX_FILE);
  const indexed = existsSync(indexPath);
  const weightMap = indexed
    ? (
        await readJson(indexPath, indexSchema, {
          what: INDEX_FILE,
          code: "MODEL_INDEX_INVALID",
          content: true,
        })
      ).weight_map
    : undefined;
  const files =
    weightMap === undefined ? [SINGLE_FILE] : [...new Set(Object.values(weightMap))].sort();
  const tensors = new Map<string, TensorInfo>();
  const identities = new Map<string, FileIdentity>();
  for (const file of files) {
    if (basename(file) !== file)
      throw new VerificationError(
        "MODEL_INDEX_INVALID",
        `${INDEX_FILE} names a shard outside of the folder: ${file}`,
        { file: indexPath, field: file },
      );
    const path = join(folder, file);
    if (!existsSync(path)) {
      throw new PreflightError(
        "SHARD_MISSING",
        `${folder} lacks ${file}${indexed ? `, which ${INDEX_FILE} names` : ""}.`,
        { file: path, hint: "Fetch the model again; a finished download has every shard." },
      );
    }
    // Before the header is read: a change after this moment is noticed.
    identities.set(path, (await identify(path)) ?? "");
    for (const [name, info] of await readSafetensorsHeader(path)) {
      const other = tensors.get(name);
      if (other !== undefined)
        throw new VerificationError(
          "TENSOR_DUPLICATE",
          `Tensor ${name} is in ${basename(other.file)} and in ${file}.`,
          { file: path, field: name },
        );
      tensors.set(name, info);
    }
  }
  if (weightMap !== undefined) checkIndex(weightMap, tensors, indexPath);

  const find = (name: string): TensorInfo => {
    const info = tensors.get(name);
    if (info === undefined)
      throw new VerificationError("TENSOR_MISSING", `${folder} has no tensor ${name}.`, {
        file: folder,
        field: name,
      });
    return info;
  };
  return {
    folder,
    config,
    files,
    tensors,
    dtypeOf: (name) => tensors.get(name)?.dtype,
    stored(name) {
      const { file, offset, byteLength, dtype } = find(name);
      const identity = identities.get(file) ?? "";
      return { name, dtype, place: { type: "range", file, identity, offset, length: byteLength } };
    },
    async read(name) {
      const { file, offset, byteLength } = find(name);
      const handle = await open(file, "r");
      try {
        return await readExactly(handle, offset, byteLength, file);
      } finally {
        await handle.close();
      }
    },
    async *blocks(name) {
      const { file, offset, byteLength } = find(name);
      const handle = await open(file, "r");
      try {
        yield* readBlocks(handle, offset, byteLength, file);
      } finally {
        await handle.close();
      }
    },
  };
}

/** The index must say of every tensor where it is, and of nothing else. */
function checkIndex(
  weightMap: Readonly<Record<string, string>>,
  tensors: ReadonlyMap<string, TensorInfo>,
  indexPath: string,
): void {
  for (const [name, file] of Object.entries(weightMap)) {
    const info = tensors.get(name);
    if (info === undefined || basename(info.file) !== file) {
      throw new VerificationError(
        "TENSOR_MISSING",
        `${INDEX_FILE} says that ${name} is in ${file}; it is ${info === undefined ? "in no shard" : `in ${basename(info.file)}`}.`,
        { file: indexPath, field: name },
      );
    }
  }
  for (const name of tensors.keys()) {
    if (!(name in weightMap))
      throw new VerificationError(
        "TENSOR_UNLISTED",
        `Tensor ${name} is in a shard and not in ${INDEX_FILE}.`,
        { file: indexPath, field: name },
      );
  }
}
