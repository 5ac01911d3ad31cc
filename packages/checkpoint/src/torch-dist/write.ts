import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import {
  removePath,
  sha256,
  syncDirectory,
  VerificationError,
  writeFileAtomic,
} from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import { FileWriter, type WrittenFile } from "../file-writer.ts";
import { writePickle } from "../pickle/write.ts";
import { contentBlocks } from "../tensor-source.ts";
import { commonPickle, type PlainObject } from "./common.ts";
import {
  iterationFolder,
  TRACKER_FILE,
  type ChunkSource,
  type Iteration,
  type ShardedTensorSource,
  type StoredChunk,
  type StoredTensor,
} from "./layout.ts";
import { metadataPickle } from "./metadata-pickle.ts";
import { tilingFault } from "./region.ts";
import { archiveOf, frameTensor } from "./tensor-archive.ts";

export interface WriteTorchDistOptions {
  readonly iteration: Iteration;
  readonly tensors: readonly ShardedTensorSource[];
  /** Attributes of the `args` namespace in `common.pt`. */
  readonly args: PlainObject;
  /** Further entries of `common.pt`. */
  readonly common?: PlainObject;
  /** Data files that the chunks are spread over; default 2, as torch's writer with two threads. */
  readonly files?: number;
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: (bytes: number) => void;
}

/**
 * Writes one iteration of a Megatron torch_dist checkpoint below `folder` and then points the tracker at it. The iteration
 * is built in a temporary folder and renamed; other iterations in `folder` stay. Equal input gives equal bytes.
 */
export async function writeTorchDist(
  folder: string,
  options: WriteTorchDistOptions,
): Promise<WrittenFile[]> {
  const name = iterationFolder(options.iteration);
  const temporary = join(folder, `.${name}.part`);
  await removePath(temporary);
  await mkdir(temporary, { recursive: true });
  const written: WrittenFile[] = [];
  try {
    const { tensors, files } = await writeData(temporary, options);
    written.push(...files);
    const put = async (path: string, content: Uint8Array | string): Promise<void> => {
      await writeFileAtomic(join(temporary, path), content);
      written.push({ path, size: Buffer.byteLength(content), sha256: sha256(content) });
    };
    await put(
      "common.pt",
      archiveOf(commonPickle(options.iteration, options.args, options.common ?? {}), "common.pt"),
    );
    await put(".metadata", writePickle(metadataPickle(tensors)));
    // Readers take a folder for a checkpoint only if this file is there.
    await put(
      "metadata.json",
      JSON.stringify({
        sharded_backend: "torch_dist",
        sharded_backend_version: 1,
        common_backend: "torch",
        common_backend_version: 1,
      }),
    );
  } catch (error) {
    await removePath(temporary);
    throw error;
  }
  await removePath(join(folder, name));
  await syncDirectory(temporary);
  await rename(temporary, join(folder, name));
  await syncDirectory(folder);
  const tracker = String(options.iteration);
  await writeFileAtomic(join(folder, TRACKER_FILE), tracker);
  return [
    ...written.map((file) => ({ ...file, path: `${name}/${file.path}` })),
    { path: TRACKER_FILE, size: tracker.length, sha256: sha256(tracker) },
  ];
}

interface Item {
  readonly tensor: ShardedTensorSource;
  readonly chunk: ChunkSource;
  readonly index: number;
}

/** Spreads the chunks over the files, the next one always into the file with the fewest bytes. */
async function writeData(
  folder: string,
  options: WriteTorchDistOptions,
): Promise<{ tensors: Map<string, StoredTensor>; files: WrittenFile[] }> {
  const bins = Array.from({ length: options.files ?? 2 }, () => ({
    bytes: 0,
    items: [] as Item[],
  }));
  for (const tensor of options.tensors) {
    const fault = tilingFault(tensor.shape, tensor.chunks);
    if (fault !== undefined)
      throw new VerificationError("CHUNKS_INCOMPLETE", `Tensor ${tensor.key}: ${fault}.`, {
        field: tensor.key,
      });
    for (const [index, chunk] of tensor.chunks.entries()) {
      const bin = bins.reduce((least, other) => (other.bytes < least.bytes ? other : least));
      bin.items.push({ tensor, chunk, index });
      bin.bytes += tensorBytes(chunk.sizes, tensor.dtype);
    }
  }
  const places = new Map<ShardedTensorSource, StoredChunk[]>(
    options.tensors.map((tensor) => [tensor, []]),
  );
  const files: WrittenFile[] = [];
  for (const [n, { items }] of bins.entries()) {
    if (items.length === 0) continue;
    const path = `__0_${n}.distcp`;
    const writer = await FileWriter.create(join(folder, path));
    try {
      for (const item of items) {
        options.signal?.throwIfAborted();
        const stored = places.get(item.tensor);
        if (stored !== undefined)
          stored[item.index] = { ...(await writeItem(writer, item, options.onBytes)), path };
      }
      files.push({ path, ...(await writer.finish()) });
    } catch (error) {
      await writer.abandon();
      throw error;
    }
  }
  const tensors = options.tensors.map(
    (tensor) =>
      [
        tensor.key,
        { dtype: tensor.dtype, shape: tensor.shape, chunks: places.get(tensor) ?? [] },
      ] as const,
  );
  return { tensors: new Map(tensors), files };
}

async function writeItem(
  writer: FileWriter,
  { tensor, chunk }: Item,
  onBytes: ((bytes: number) => void) | undefined,
): Promise<Omit<StoredChunk, "path">> {
  const { offsets, sizes } = chunk;
  const frame = frameTensor(sizes, tensor.dtype, `${tensor.key}@${offsets.join(",")}`);
  const offset = writer.size;
  await writer.write(frame.prefix);
  const end = writer.size + tensorBytes(sizes, tensor.dtype);
  let crc = 0;
  for await (const block of contentBlocks(chunk.read())) {
    crc = crc32(block, crc);
    await writer.write(block);
    onBytes?.(block.byteLength);
  }
  if (writer.size !== end) {
    throw new VerificationError(
      "TENSOR_SIZE",
      `Tensor ${tensor.key}, chunk [${offsets.join(", ")}]: the source gave ${writer.size - end} bytes more than [${sizes.join(", ")}] has.`,
      { field: tensor.key },
    );
  }
  await writer.write(frame.suffix(crc));
  return { offsets, sizes, offset, length: frame.totalSize };
}
