import { fdatasync, writeSync } from "node:fs";
import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { newSha256, onDisk, onDiskSync, TEMPORARY_SUFFIX, type Sha256 } from "@moonlight-rl/core";

/** After this many bytes the disk is told to begin: it writes while we read and hash, not all of it at the end. */
const SYNC_EVERY = 128 << 20;

/** A file written front to back under a temporary name, with its digest. */
export class HashedFile {
  readonly path: string;
  /** Where the bytes are until the file is finished. */
  readonly temporary: string;
  readonly #handle: FileHandle;
  readonly #hash = newSha256();
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
    return onDisk(path, async () => new HashedFile(path, await open(path + TEMPORARY_SUFFIX, "w")));
  }

  get size(): number {
    return this.#size;
  }

  /** Size and digest of what was written so far. */
  digest(): { size: number; sha256: Sha256 } {
    return { size: this.#size, sha256: this.#hash.copy().digest("hex") };
  }

  write(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    onDiskSync(this.path, () => {
      for (let done = 0; done < bytes.byteLength;)
        done += writeSync(this.#handle.fd, bytes, done, bytes.byteLength - done);
    });
    this.#size += bytes.byteLength;
    this.#unsynced += bytes.byteLength;
    if (this.#unsynced >= SYNC_EVERY && this.#syncing === undefined) {
      this.#unsynced = 0;
      this.#beginSync();
    }
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
