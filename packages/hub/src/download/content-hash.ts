import type { FileHandle } from "node:fs/promises";
import type { Hash } from "node:crypto";
import { newSha256 } from "@moonlight-rl/core";
import { newBlobSha1 } from "../protocol/blob-digest.ts";

const BLOCK = 1 << 20;

export interface ContentDigests {
  readonly sha256: string;
  /** Only made for files whose `oid` is a git blob id. */
  readonly blobSha1: string | undefined;
}

/**
 * Digests of a file that is written out of order: bytes at the contiguous frontier go through as they arrive, and
 * what ran ahead of it is read back from the file once the gap before it has closed.
 */
export class ContentHash {
  readonly #sha256: Hash = newSha256();
  readonly #sha1: Hash | undefined;
  #position = 0;
  #reading = false;
  #tail: Promise<void> = Promise.resolve();

  constructor(size: number, withBlobSha1: boolean) {
    this.#sha1 = withBlobSha1 ? newBlobSha1(size) : undefined;
  }

  /** Bytes that are now in the file at `offset`; taken if they are the next ones. */
  offer(offset: number, bytes: Uint8Array): void {
    if (!this.#reading && offset === this.#position) this.#update(bytes);
  }

  /** Reads back up to `frontier`, behind earlier calls. `onRead` gets the bytes that had to be read. */
  advance(file: FileHandle, frontier: number, onRead?: (bytes: number) => void): Promise<void> {
    this.#tail = this.#readBack(this.#tail, file, frontier, onRead);
    return this.#tail;
  }

  /** Ends the hash; all bytes must have gone through. */
  digest(): ContentDigests {
    return { sha256: this.#sha256.digest("hex"), blobSha1: this.#sha1?.digest("hex") };
  }

  #update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha1?.update(bytes);
    this.#position += bytes.length;
  }

  async #readBack(
    before: Promise<void>,
    file: FileHandle,
    frontier: number,
    onRead: ((bytes: number) => void) | undefined,
  ): Promise<void> {
    await before;
    if (this.#position >= frontier) return;
    this.#reading = true;
    try {
      const block = Buffer.allocUnsafe(Math.min(BLOCK, frontier - this.#position));
      while (this.#position < frontier) {
        const length = Math.min(block.length, frontier - this.#position);
        const { bytesRead } = await file.read(block, 0, length, this.#position);
        // A file shorter than its journal: the digest will not match, which is the caller's case to handle.
        if (bytesRead === 0) return;
        this.#update(block.subarray(0, bytesRead));
        onRead?.(bytesRead);
      }
    } finally {
      this.#reading = false;
    }
  }
}
