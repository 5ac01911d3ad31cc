// Not from the core package: each thread would load all of it first.
import { createHash, type Hash } from "node:crypto";
import { readSync } from "node:fs";
import { newBlobSha1 } from "../protocol/blob-digest.ts";
import { BLOCK_BYTES } from "./block-pool.ts";

export interface ContentDigests {
  readonly sha256: string;
  /** Only made for files whose `oid` is a git blob id. */
  readonly blobSha1: string | undefined;
}

/** Digests of one file's bytes in their order. Blocks the thread that it runs in. */
export class FileHash {
  readonly #sha256: Hash = createHash("sha256");
  readonly #sha1: Hash | undefined;

  constructor(size: number, withBlobSha1: boolean) {
    this.#sha1 = withBlobSha1 ? newBlobSha1(size) : undefined;
  }

  update(bytes: Uint8Array): void {
    this.#sha256.update(bytes);
    this.#sha1?.update(bytes);
  }

  /** The bytes from `start` to `end` of an open file. A file that is shorter gives another digest, which the caller handles. */
  read(fd: number, start: number, end: number): void {
    const block = Buffer.allocUnsafe(Math.min(BLOCK_BYTES, Math.max(0, end - start)));
    for (let at = start; at < end;) {
      const read = readSync(fd, block, 0, Math.min(block.length, end - at), at);
      if (read === 0) return;
      this.update(block.subarray(0, read));
      at += read;
    }
  }

  digest(): ContentDigests {
    return { sha256: this.#sha256.digest("hex"), blobSha1: this.#sha1?.digest("hex") };
  }
}
