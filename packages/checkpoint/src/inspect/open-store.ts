import { existsSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PreflightError, readJson, VerificationError } from "@moonlight-rl/core";
import { orFault, refuse, type OnFault } from "../fault.ts";
import { INDEX_FILE, indexSchema } from "../hf-model/open.ts";
import { readBlocks } from "../read-range.ts";
import type { TensorInfo } from "../safetensors/header.ts";
import { readSafetensorsHeader } from "../safetensors/open.ts";
import type { PlainObject } from "../torch-dist/common.ts";
import { iterationFolders } from "../torch-dist/find-iteration.ts";
import { TRACKER_FILE } from "../torch-dist/layout.ts";
import { openTorchDist } from "../torch-dist/open.ts";
import type { TensorEntry, TensorStore } from "./tensor-store.ts";

/**
 * Opens a safetensors file, a folder of them, or a torch_dist checkpoint (its folder or one iteration's).
 * Only headers and metadata are read. With `onFault` all that is wrong with them is told, and the rest is opened. Errors:
 * `CHECKPOINT_NOT_FOUND` and those of the formats' readers.
 */
export async function openTensorStore(
  path: string,
  onFault: OnFault = refuse,
): Promise<TensorStore> {
  const entry = await stat(path).catch((cause: unknown) => {
    throw new PreflightError("CHECKPOINT_NOT_FOUND", `There is no ${path}.`, { file: path, cause });
  });
  if (entry.isFile()) return openSafetensors(dirname(path), [basename(path)], onFault);
  const ofTorch = [".metadata", TRACKER_FILE].some((name) => existsSync(join(path, name)));
  if (ofTorch || (await iterationFolders(path)).length > 0) return openCheckpoint(path, onFault);
  const files = (await readdir(path)).filter((name) => name.endsWith(".safetensors")).sort();
  const indexed = existsSync(join(path, INDEX_FILE));
  if (files.length === 0 && !indexed) {
    throw new PreflightError(
      "CHECKPOINT_NOT_FOUND",
      `${path} holds neither safetensors files nor a torch_dist checkpoint.`,
      { file: path, hint: `Give a folder with *.safetensors or ${TRACKER_FILE}.` },
    );
  }
  const store = await openSafetensors(path, files, onFault);
  if (indexed) await orFault(onFault, () => checkIndex(path, store, onFault));
  return store;
}

async function openCheckpoint(path: string, onFault: OnFault): Promise<TensorStore> {
  const checkpoint = await openTorchDist(path, undefined, onFault);
  const { args } = checkpoint.common;
  const tensors = new Map(
    [...checkpoint.tensors].map(([name, { dtype, shape, chunks }]): [string, TensorEntry] => [
      name,
      {
        dtype,
        shape,
        parts: chunks.map(({ offsets, sizes, path: file }) => ({ offsets, sizes, file })),
      },
    ]),
  );
  return {
    format: "torch_dist",
    folder: checkpoint.folder,
    checkpoint,
    ...(isPlainObject(args) ? { args } : {}),
    tensors,
    blocks: (name, region, buffer) => checkpoint.regionBlocks(name, region, buffer),
    close: () => checkpoint.close(),
  };
}

function isPlainObject(value: unknown): value is PlainObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function openSafetensors(
  folder: string,
  files: readonly string[],
  onFault: OnFault,
): Promise<TensorStore> {
  const infos = new Map<string, TensorInfo>();
  for (const file of files) {
    const read = await orFault(onFault, () => readSafetensorsHeader(join(folder, file), onFault));
    for (const [name, info] of read ?? []) {
      const other = infos.get(name);
      if (other === undefined) infos.set(name, info);
      else
        onFault(
          new VerificationError(
            "TENSOR_DUPLICATE",
            `Tensor ${name} is in ${basename(other.file)} and in ${file}.`,
            { file: join(folder, file), field: name },
          ),
        );
    }
  }
  const configFile = join(folder, "config.json");
  const tensors = new Map(
    [...infos].map(([name, { dtype, shape, file }]): [string, TensorEntry] => [
      name,
      {
        dtype,
        shape,
        parts: [{ offsets: shape.map(() => 0), sizes: shape, file: basename(file) }],
      },
    ]),
  );
  return {
    format: "safetensors",
    folder,
    ...(existsSync(configFile) ? { configFile } : {}),
    tensors,
    async *blocks(name, _region, buffer) {
      const info = infos.get(name);
      if (info === undefined)
        throw new VerificationError("TENSOR_MISSING", `${folder} has no tensor ${name}.`, {
          file: folder,
          field: name,
        });
      const handle = await open(info.file, "r");
      try {
        yield* readBlocks(handle, info.offset, info.byteLength, info.file, buffer);
      } finally {
        await handle.close();
      }
    },
    close: async () => {},
  };
}

/** Every shard that the index names must be there, else the tensors shown are not all. */
async function checkIndex(
  folder: string,
  { tensors }: TensorStore,
  onFault: OnFault,
): Promise<void> {
  const file = join(folder, INDEX_FILE);
  const { weight_map } = await readJson(file, indexSchema, {
    what: INDEX_FILE,
    code: "MODEL_INDEX_INVALID",
    content: true,
  });
  const absent = new Set<string>();
  for (const [name, shard] of Object.entries(weight_map)) {
    const place = tensors.get(name)?.parts[0]?.file;
    if (place === shard || absent.has(shard)) continue;
    if (place !== undefined || existsSync(join(folder, basename(shard)))) {
      onFault(
        new VerificationError(
          "TENSOR_MISSING",
          `${INDEX_FILE} says that ${name} is in ${shard}; it is ${place === undefined ? "in no shard" : `in ${place}`}.`,
          { file, field: name },
        ),
      );
      continue;
    }
    absent.add(shard);
    onFault(
      new PreflightError("SHARD_MISSING", `${folder} lacks ${shard}, which ${INDEX_FILE} names.`, {
        file: join(folder, shard),
        field: shard,
        hint: "Fetch the model again; a finished download has every shard.",
      }),
    );
  }
}
