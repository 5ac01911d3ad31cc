import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { isMoonlightError, VerificationError } from "@moonlight-rl/core";
import { elementCount, tensorBytes } from "../dtype.ts";
import { readPickle } from "../pickle/read.ts";
import { PyPersistent, PyReduce, PyTuple, typeName, type PickleValue } from "../pickle/value.ts";
import { readBlocks } from "../read-range.ts";
import { SourceFiles, type FileIdentity } from "../transfer/source-files.ts";
import { readArchive, readRecord, type ZipEntry } from "../zip/archive-reader.ts";
import type { StoredChunk, StoredTensor } from "./layout.ts";
import { STORAGE, strides } from "./tensor-archive.ts";

const MAX_PICKLE = 1 << 16;

/** Reads chunks from a checkpoint's data files; each file is opened once. */
export class ChunkReader {
  readonly #folder: string;
  readonly #identities: Readonly<Record<string, FileIdentity>>;
  readonly #files: SourceFiles;
  readonly #verified = new Set<string>();

  /** `identities`: what each data file was when the checkpoint was opened, by its path relative to the folder. */
  constructor(
    folder: string,
    identities: Readonly<Record<string, FileIdentity>> = {},
    files: SourceFiles = new SourceFiles(),
  ) {
    this.#folder = folder;
    this.#identities = identities;
    this.#files = files;
  }

  close(): Promise<void> {
    return this.#files.close();
  }

  /**
   * The chunk's bytes in blocks; dtype, shape, length and (when the writer computed it) the CRC are checked. With a `buffer`
   * all blocks have its memory.
   */
  async *blocks(
    key: string,
    tensor: StoredTensor,
    chunk: StoredChunk,
    buffer?: Uint8Array,
  ): AsyncGenerator<Uint8Array> {
    const opened = await this.open(key, tensor, chunk);
    const { handle, file, entry } = opened;
    for await (const block of readBlocks(handle, entry.offset, entry.size, file, buffer)) {
      opened.passed(block);
      yield block;
    }
    opened.checkCrc();
  }

  /** Reads all of a chunk, of which only a part is wanted, once: to check its CRC. */
  async verify(key: string, tensor: StoredTensor, chunk: StoredChunk): Promise<void> {
    const place = `${chunk.path}:${chunk.offset}`;
    if (this.#verified.has(place)) return;
    const buffer = Buffer.allocUnsafe(1 << 20);
    for await (const _ of this.blocks(key, tensor, chunk, buffer));
    this.#verified.add(place);
  }

  /** Finds the chunk's bytes; what the archive says of them must be what the metadata says. */
  async open(key: string, tensor: StoredTensor, chunk: StoredChunk): Promise<OpenChunk> {
    const file = join(this.#folder, chunk.path);
    const handle = await this.#files
      .open(file, this.#identities[chunk.path])
      .catch((cause: unknown) => {
        if (isMoonlightError(cause)) throw cause;
        throw new VerificationError(
          "FILE_MISSING",
          `The checkpoint lacks ${file}, which its metadata names.`,
          { file, cause },
        );
      });
    const entry = await this.#locate(key, tensor, chunk, handle, file);
    return new OpenChunk(handle, file, entry, key, chunk);
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
}

/** A chunk whose bytes were found, and the CRC of those that have passed. */
export class OpenChunk {
  readonly handle: FileHandle;
  readonly file: string;
  readonly entry: ZipEntry;
  readonly #key: string;
  readonly #chunk: StoredChunk;
  #crc = 0;

  constructor(handle: FileHandle, file: string, entry: ZipEntry, key: string, chunk: StoredChunk) {
    this.handle = handle;
    this.file = file;
    this.entry = entry;
    this.#key = key;
    this.#chunk = chunk;
  }

  /** The next bytes of the chunk, in order. */
  passed(bytes: Uint8Array): void {
    if (this.entry.crc !== 0) this.#crc = crc32(bytes, this.#crc);
  }

  /** Once all bytes have passed. */
  checkCrc(): void {
    if (this.#crc === this.entry.crc) return;
    throw new VerificationError(
      "CHUNK_CRC",
      `${this.file}: tensor ${this.#key}, chunk [${this.#chunk.offsets.join(", ")}]: the CRC-32 differs; bytes have changed since they were written.`,
      { file: this.file, field: this.#key, byteOffset: this.entry.offset },
    );
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
