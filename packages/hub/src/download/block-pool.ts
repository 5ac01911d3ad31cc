/** Bytes of one block: what is written and hashed at a time. */
export const BLOCK_BYTES = 1 << 20;

/** Memory that is handed from the network to the disk and then to the thread that hashes, which gives it back. */
export interface Block {
  bytes: Uint8Array<ArrayBuffer>;
}

/** A bounded number of blocks: whoever finds none waits, which is how a slow disk or hash slows the network down. */
export class BlockPool {
  readonly #limit: number;
  readonly #free: Block[] = [];
  readonly #waiting: ((block: Block) => void)[] = [];
  #made = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  async acquire(): Promise<Block> {
    const block = this.#free.pop();
    if (block !== undefined) return block;
    if (this.#made < this.#limit) {
      this.#made++;
      return { bytes: new Uint8Array(BLOCK_BYTES) };
    }
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(block: Block): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(block);
    else next(block);
  }
}
