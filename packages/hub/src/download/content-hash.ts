import type { Block } from "./block-pool.ts";
import type { FileSink } from "./disk-threads.ts";
import type { ContentDigests } from "./file-hash.ts";
import { RangeSet } from "./range-set.ts";

/**
 * Digests of a file that is written out of order: bytes at the contiguous frontier go through as they are written, and
 * what ran ahead of it is read back from the file once the gap before it has closed. Then the range that ran ahead is at
 * the frontier itself, and the rest of it goes through as it is written.
 */
export class ContentHash {
  readonly #sink: FileSink;
  #position = 0;
  /** What was written ahead of the position. */
  readonly #ahead = new RangeSet();
  #reading: Promise<void> = Promise.resolve();

  constructor(sink: FileSink) {
    this.#sink = sink;
  }

  /** Writes the bytes to `fd`, and takes them if they are the next ones; the block may be used again when the promise resolves. */
  async write(fd: number, offset: number, block: Block, length: number): Promise<void> {
    const hashed = offset === this.#position;
    if (hashed) this.#position += length;
    await this.#sink.write(fd, { offset, block, length, hashed });
    // Only what has been written can be read back.
    if (!hashed) this.#ahead.add({ start: offset, end: offset + length });
    this.advance(fd, this.#ahead.endFrom(this.#position));
  }

  /** Writes the bytes to `fd`, a file that is not the one with the digest. */
  async writeOnly(fd: number, offset: number, block: Block, length: number): Promise<void> {
    await this.#sink.write(fd, { offset, block, length, hashed: false });
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
