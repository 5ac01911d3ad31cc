/** Bytes of one block: what is written and hashed at a time. */
export const BLOCK_BYTES = 1 << 20;

/** Memory that the network fills, and that a thread then writes and hashes. */
export interface Block {
  /** Where in the pool's memory it begins. */
  readonly at: number;
  readonly bytes: Uint8Array<SharedArrayBuffer>;
}

/** A bounded number of blocks: whoever finds none waits, which is how a slow disk or hash slows the network down. */
export class BlockPool {
  /** All of them: threads get it once, and then only numbers. What no block has touched takes no memory. */
  readonly memory: SharedArrayBuffer;
  readonly #limit: number;
  /** The one that was used last, and is still in the processor's cache, comes first. */
  readonly #free: Block[] = [];
  readonly #waiting: ((block: Block) => void)[] = [];
  #made = 0;

  constructor(limit: number) {
    this.#limit = limit;
    this.memory = new SharedArrayBuffer(limit * BLOCK_BYTES);
  }

  async acquire(): Promise<Block> {
    const block = this.#free.pop();
    if (block !== undefined) return block;
    if (this.#made < this.#limit) {
      const at = this.#made++ * BLOCK_BYTES;
      return { at, bytes: new Uint8Array(this.memory, at, BLOCK_BYTES) };
    }
    return await new Promise((resolve) => this.#waiting.push(resolve));
  }

  release(block: Block): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(block);
    else next(block);
  }
}
