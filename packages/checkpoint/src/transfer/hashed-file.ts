import { fdatasync, writeSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import {
  newSha256,
  onDisk,
  onDiskSync,
  TEMPORARY_SUFFIX,
  VerificationError,
  type Sha256,
} from "@moonlight-rl/core";
import { readInto } from "../read-range.ts";

/** After this many bytes the disk is told to begin: it writes while we read and hash, not all of it at the end. */
const SYNC_EVERY = 128 << 20;
/** Read back while the cache of the core still has it. */
const PIECE = 256 << 10;

/** A file written front to back under a temporary name, with its digest; every byte is read back and compared. */
export class HashedFile {
  readonly path: string;
  /** Where the bytes are until the file is finished. */
  readonly temporary: string;
  readonly #handle: FileHandle;
  readonly #hash = newSha256();
  readonly #piece = Buffer.allocUnsafeSlow(PIECE);
  #size = 0;
  #unsynced = 0;
  #syncing: Promise<void> | undefined;
  #syncError: Error | undefined;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.temporary = path + TEMPORARY_SUFFIX;
    this.#handle = handle;
  }

  static async create(path: string): Promise<HashedFile> {
    return onDisk(
      path,
      async () => new HashedFile(path, await open(path + TEMPORARY_SUFFIX, "w+")),
    );
  }

  get size(): number {
    return this.#size;
  }

  /** Size and digest of what was written so far. */
  digest(): { size: number; sha256: Sha256 } {
    return { size: this.#size, sha256: this.#hash.copy().digest("hex") };
  }

  /** Errors: `DISK_FULL`, `READ_BACK`. */
  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.byteLength; done += PIECE)
      this.#put(bytes.subarray(done, done + PIECE));
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced >= SYNC_EVERY && this.#syncing === undefined) {
      this.#unsynced = 0;
      this.#beginSync();
    }
  }

  #put(piece: Uint8Array): void {
    onDiskSync(this.path, () => {
      for (let done = 0; done < piece.byteLength;)
        done += writeSync(this.#handle.fd, piece, done, piece.byteLength - done);
    });
    const found = this.#piece.subarray(0, piece.byteLength);
    readInto(found, this.#handle, this.#size, this.temporary);
    if (!found.equals(piece))
      throw new VerificationError(
        "READ_BACK",
        `${this.path} reads back as other bytes than were written.`,
        {
          file: this.temporary,
          byteOffset: this.#size,
          hint: "The disk or the memory of this machine is not reliable.",
        },
      );
    this.#size += piece.byteLength;
  }

  /** Begins to make all of it durable; `finish` waits for that. */
  async sync(): Promise<void> {
    await this.#syncing;
    await onDisk(this.path, async () => {
      if (this.#syncError !== undefined) throw this.#syncError;
      await this.#handle.sync();
    });
  }

  /** Gives the durable file its own name. */
  async finish(): Promise<void> {
    await onDisk(this.path, async () => {
      await this.#handle.close();
      await rename(this.temporary, this.path);
    });
  }

  /** Closes and removes what was written so far. */
  async abandon(): Promise<void> {
    await this.#syncing;
    await this.#handle.close().catch(() => undefined);
    await rm(this.temporary, { force: true });
  }

  /** The system reports a failed write only once: keep it for the sync that counts. */
  #beginSync(): void {
    this.#syncing = new Promise((resolve) => {
      fdatasync(this.#handle.fd, (error) => {
        this.#syncError ??= error ?? undefined;
        this.#syncing = undefined;
        resolve();
      });
    });
  }
}
