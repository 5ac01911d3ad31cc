import { open, rename, rm, type FileHandle } from "node:fs/promises";
import { newSha256, type Sha256 } from "@moonlight-rl/core";

export interface WrittenFile {
  /** Relative to the folder that was written. */
  readonly path: string;
  readonly size: number;
  readonly sha256: Sha256;
}

/** Writes a file front to back under a temporary name; `finish` makes it durable and gives it its own name. */
export class FileWriter {
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #hash = newSha256();
  #size = 0;

  private constructor(handle: FileHandle, path: string) {
    this.#handle = handle;
    this.#path = path;
  }

  static async create(path: string): Promise<FileWriter> {
    return new FileWriter(await open(`${path}.part`, "w"), path);
  }

  get size(): number {
    return this.#size;
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    for (let done = 0; done < bytes.byteLength;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.byteLength - done);
      done += bytesWritten;
    }
    this.#size += bytes.byteLength;
  }

  async finish(): Promise<{ size: number; sha256: Sha256 }> {
    await this.#handle.sync();
    await this.#handle.close();
    await rename(`${this.#path}.part`, this.#path);
    return { size: this.#size, sha256: this.#hash.digest("hex") };
  }

  /** Closes and removes what was written so far. */
  async abandon(): Promise<void> {
    await this.#handle.close().catch(() => undefined);
    await rm(`${this.#path}.part`, { force: true });
  }
}
