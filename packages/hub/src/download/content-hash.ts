import type { Block } from "./block-pool.ts";
import type { ContentDigests } from "./file-hash.ts";
import type { HashSink } from "./hash-threads.ts";

/**
 * Digests of a file that is written out of order: bytes at the contiguous frontier go through as they arrive, and
 * what ran ahead of it is read back from the file once the gap before it has closed.
 */
export class ContentHash {
  readonly #sink: HashSink;
  #position = 0;
  #reading: Promise<void> = Promise.resolve();

  constructor(sink: HashSink) {
    this.#sink = sink;
  }

  /** Takes the bytes if they are the next ones; the block may be used again when the promise resolves. */
  async offer(offset: number, block: Block, length: number): Promise<void> {
    if (offset !== this.#position) return;
    this.#position += length;
    await this.#sink.update(block, length);
  }

  /** Reads back from `fd` up to `frontier`; says how many bytes that are. `finished` says when the file is no longer needed. */
  advance(fd: number, frontier: number): number {
    const start = this.#position;
    if (start >= frontier) return 0;
    this.#position = frontier;
    const read = this.#sink.read(fd, start, frontier);
    this.#reading = Promise.all([this.#reading, read]).then(() => undefined);
    // Whoever asks for the digest hears of it.
    this.#reading.catch(() => undefined);
    return frontier - start;
  }

  async settle(): Promise<void> {
    await this.#reading.catch(() => undefined);
  }

  /** Digests of all bytes so far. */
  async digest(): Promise<ContentDigests> {
    await this.#reading;
    return await this.#sink.digest();
  }

  drop(): void {
    this.#sink.drop();
  }
}
