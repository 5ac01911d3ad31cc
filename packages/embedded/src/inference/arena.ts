import { MoonlightError } from "@moonlight-rl/core";
import { MAX_PAGES, PAGE } from "../kernels/kernels.ts";

/** Addresses are multiples of a cache line. */
const ALIGNMENT = 64;

interface Block {
  address: number;
  bytes: number;
}

/** Hands out parts of a memory that several threads share, and grows it. Contents are zero at first, later what they were. */
export class Arena {
  readonly memory: WebAssembly.Memory;
  /** By address; neighbours are joined. */
  readonly #free: Block[];
  readonly #taken = new Map<number, number>();

  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
    // Address 0 stays free, so that it can stand for none.
    this.#free = [{ address: ALIGNMENT, bytes: PAGE - ALIGNMENT }];
  }

  /** Throws `ENGINE_MEMORY`. */
  allocate(bytes: number): number {
    const needed = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    const block = this.#free.find((free) => free.bytes >= needed) ?? this.#grow(needed);
    const { address } = block;
    block.address += needed;
    block.bytes -= needed;
    if (block.bytes === 0) this.#free.splice(this.#free.indexOf(block), 1);
    this.#taken.set(address, needed);
    return address;
  }

  free(address: number): void {
    const bytes = this.#taken.get(address);
    if (bytes === undefined) throw new Error(`nothing was allocated at ${address}`);
    this.#taken.delete(address);
    this.#release({ address, bytes });
  }

  #release(block: Block): Block {
    const after = this.#free.findIndex(({ address }) => address > block.address);
    const index = after === -1 ? this.#free.length : after;
    this.#free.splice(index, 0, block);
    this.#join(index);
    return this.#join(index - 1) ?? block;
  }

  /** Joins the block with the one after it, if they touch. */
  #join(index: number): Block | undefined {
    const [block, next] = [this.#free[index], this.#free[index + 1]];
    if (block === undefined || next === undefined) return undefined;
    if (block.address + block.bytes !== next.address) return undefined;
    block.bytes += next.bytes;
    this.#free.splice(index + 1, 1);
    return block;
  }

  #grow(bytes: number): Block {
    const end = this.memory.buffer.byteLength;
    // By half at least, so that growing step by step does not copy tables of views again and again.
    const pages = Math.ceil(Math.max(bytes, end / 2) / PAGE);
    const least = Math.ceil(bytes / PAGE);
    const grown = [pages, least].find((count) => {
      try {
        this.memory.grow(count);
        return true;
      } catch {
        return false;
      }
    });
    if (grown === undefined)
      throw new MoonlightError(
        "ENGINE_MEMORY",
        `The sampler needs ${bytes} bytes beyond its ${end}, which there are not.`,
        { hint: "Decode fewer sequences at once, or shorter ones." },
      );
    return this.#release({ address: end, bytes: grown * PAGE });
  }
}
