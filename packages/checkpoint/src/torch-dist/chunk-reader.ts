import { open, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { VerificationError } from "@moonlight-rl/core";
import { elementCount, tensorBytes } from "../dtype.ts";
import { readPickle } from "../pickle/read.ts";
import { PyPersistent, PyReduce, PyTuple, typeName, type PickleValue } from "../pickle/value.ts";
import { readBlocks } from "../read-range.ts";
import { readArchive, readRecord, type ZipEntry } from "../zip/archive-reader.ts";
import type { StoredChunk, StoredTensor } from "./layout.ts";
import { STORAGE, strides } from "./tensor-archive.ts";

const MAX_PICKLE = 1 << 16;

/** Opens a checkpoint's data files once and reads chunks from them. */
export class ChunkReader {
  readonly #folder: string;
  readonly #handles = new Map<string, Promise<FileHandle>>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async close(): Promise<void> {
    const handles = [...this.#handles.values()];
    this.#handles.clear();
    for (const handle of handles) await (await handle).close();
  }

  /** The chunk's bytes in blocks; dtype, shape, length and (when the writer computed it) the CRC are checked. */
  async *blocks(key: string, tensor: StoredTensor, chunk: StoredChunk): AsyncGenerator<Uint8Array> {
    const file = join(this.#folder, chunk.path);
    const handle = await this.#open(chunk.path);
    const entry = await this.#locate(key, tensor, chunk, handle, file);
    let crc = 0;
    for await (const block of readBlocks(handle, entry.offset, entry.size, file)) {
      if (entry.crc !== 0) crc = crc32(block, crc);
      yield block;
    }
    if (crc !== entry.crc) {
      throw new VerificationError(
        "CHUNK_CRC",
        `${file}: tensor ${key}, chunk [${chunk.offsets.join(", ")}]: the CRC-32 differs; bytes have changed since they were written.`,
        { file, field: key, byteOffset: entry.offset },
      );
    }
  }

  async bytes(key: string, tensor: StoredTensor, chunk: StoredChunk): Promise<Uint8Array> {
    const blocks: Uint8Array[] = [];
    for await (const block of this.blocks(key, tensor, chunk)) blocks.push(block);
    return blocks.length === 1 && blocks[0] !== undefined ? blocks[0] : Buffer.concat(blocks);
  }

  async #locate(
    key: string,
    tensor: StoredTensor,
    chunk: StoredChunk,
    handle: FileHandle,
    file: string,
  ): Promise<ZipEntry> {
    const slice = { handle, file, offset: chunk.offset, length: chunk.length };
    const { size } = await handle.stat();
    if (chunk.offset + chunk.length > size) {
      throw new VerificationError(
        "FILE_TRUNCATED",
        `${file} has ${size} bytes; tensor ${key} needs them up to ${chunk.offset + chunk.length}.`,
        { file, field: key, byteOffset: size },
      );
    }
    const entries = await readArchive(slice);
    const pickle = readPickle(
      await readRecord(slice, entries, "data.pkl", MAX_PICKLE),
      file,
      chunk.offset,
    );
    const storage = checkTensor(pickle, key, tensor, chunk, file);
    const entry = entries.get(`data/${storage}`);
    const want = tensorBytes(chunk.sizes, tensor.dtype);
    if (entry?.size !== want) {
      throw new VerificationError(
        "CHUNK_SIZE",
        `${file}: tensor ${key}, chunk [${chunk.offsets.join(", ")}] holds ${entry?.size ?? 0} bytes, its shape needs ${want}.`,
        { file, field: key, byteOffset: chunk.offset },
      );
    }
    return entry;
  }

  #open(path: string): Promise<FileHandle> {
    let handle = this.#handles.get(path);
    if (handle === undefined) {
      const file = join(this.#folder, path);
      handle = open(file, "r").catch((cause: unknown) => {
        throw new VerificationError(
          "FILE_MISSING",
          `The checkpoint lacks ${file}, which its metadata names.`,
          { file, cause },
        );
      });
      this.#handles.set(path, handle);
    }
    return handle;
  }
}

/** The stored tensor must be what the metadata says: dtype, shape, contiguous from the start. Returns the storage's key. */
function checkTensor(
  pickle: PickleValue,
  key: string,
  tensor: StoredTensor,
  chunk: StoredChunk,
  file: string,
): string {
  const [persistent, start, shape, stride] = pickle instanceof PyReduce ? pickle.args : [];
  const storage =
    persistent instanceof PyPersistent && persistent.id instanceof PyTuple
      ? persistent.id.items
      : [];
  const [, type, id, , numel] = storage;
  const list = (value: PickleValue | undefined): string =>
    value instanceof PyTuple ? value.items.map(String).join() : "?";
  const right =
    typeName(pickle) === "torch._utils._rebuild_tensor_v2" &&
    typeName(type) === `torch.${STORAGE[tensor.dtype]}` &&
    start === 0 &&
    numel === elementCount(chunk.sizes) &&
    list(shape) === chunk.sizes.join() &&
    isRowMajor(stride, chunk.sizes);
  if (!right || typeof id !== "string") {
    throw new VerificationError(
      "CHUNK_MISMATCH",
      `${file}: tensor ${key}, chunk [${chunk.offsets.join(", ")}] is stored as ${typeName(type) ?? "?"} [${list(shape)}], the metadata says ${tensor.dtype} [${chunk.sizes.join(", ")}].`,
      { file, field: key, byteOffset: chunk.offset },
    );
  }
  return id;
}

/** The stride of an axis with a single index is never used, and torch keeps what a view had there. */
function isRowMajor(stride: PickleValue | undefined, sizes: readonly number[]): boolean {
  if (!(stride instanceof PyTuple) || stride.items.length !== sizes.length) return false;
  if (elementCount(sizes) === 0) return true;
  const wanted = strides(sizes);
  return sizes.every((size, axis) => size === 1 || stride.items[axis] === wanted[axis]);
}
