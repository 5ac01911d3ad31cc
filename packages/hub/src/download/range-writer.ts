import { BLOCK_BYTES, type Block, type BlockPool } from "./block-pool.ts";
import type { PartialFile } from "./partial-file.ts";

/** Collects what the network brings into blocks and writes these one after the other, while the next one fills. */
export class RangeWriter {
  readonly #file: PartialFile;
  readonly #pool: BlockPool;
  readonly #onWritten: (bytes: number) => void;
  #offset: number;
  #block: Block | undefined;
  /** Taken beforehand, so that there is room the moment a block is full. */
  #next: Block | undefined;
  #filled = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    file: PartialFile,
    pool: BlockPool,
    offset: number,
    onWritten: (bytes: number) => void,
  ) {
    this.#file = file;
    this.#pool = pool;
    this.#offset = offset;
    this.#onWritten = onWritten;
  }

  /** Copies bytes in. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const block = (this.#block ??= await this.#pool.acquire());
      const length = Math.min(bytes.length - at, BLOCK_BYTES - this.#filled);
      block.bytes.set(bytes.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      if (this.#filled === BLOCK_BYTES) await this.#flush();
    }
  }

  /** Makes `space` and `filled` usable. */
  async prepare(): Promise<void> {
    this.#block ??= await this.#pool.acquire();
    this.#next ??= await this.#pool.acquire();
  }

  /** Where the next bytes may be put. */
  space(): Uint8Array {
    if (this.#block === undefined) throw new Error("the writer is not prepared");
    return this.#block.bytes.subarray(this.#filled);
  }

  /** So many bytes were put into `space`; a promise asks to wait with the next ones. */
  filled(bytes: number): Promise<void> | undefined {
    this.#filled += bytes;
    if (this.#filled < BLOCK_BYTES) return undefined;
    const flushed = this.#flush();
    [this.#block, this.#next] = [this.#next, undefined];
    return flushed.then(() => this.prepare());
  }

  /** Everything is on the disk afterwards. */
  async end(): Promise<void> {
    try {
      await this.#flush();
      await this.#writing;
    } finally {
      for (const block of [this.#block, this.#next])
        if (block !== undefined) this.#pool.release(block);
      [this.#block, this.#next] = [undefined, undefined];
    }
  }

  async #flush(): Promise<void> {
    const [block, length] = [this.#block, this.#filled];
    if (block === undefined || length === 0) return;
    [this.#block, this.#filled] = [undefined, 0];
    const [offset, before] = [this.#offset, this.#writing];
    this.#offset += length;
    this.#writing = this.#write(before, offset, block, length);
    this.#writing.catch(() => undefined);
    await before;
  }

  async #write(before: Promise<void>, offset: number, block: Block, length: number): Promise<void> {
    try {
      await before;
      await this.#file.write(offset, block, length);
      this.#onWritten(length);
    } finally {
      this.#pool.release(block);
    }
  }
}
