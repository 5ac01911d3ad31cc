import { readBlocks } from "../read-range.ts";
import { scannedMemory } from "../scanned-memory.ts";
import { ChunkReader } from "../torch-dist/chunk-reader.ts";
import { regionBlocks } from "../torch-dist/region-reader.ts";
import { SourceFiles } from "./source-files.ts";
import type { StoredContent } from "./stored-content.ts";

/** Reads stored content in order, each block into the same memory: a block is valid until the next one is asked for. */
export class ContentReader {
  readonly #files = new SourceFiles();
  readonly #chunks = new Map<string, ChunkReader>();
  readonly #buffer: Buffer;

  constructor(blockBytes: number) {
    this.#buffer = scannedMemory(blockBytes);
  }

  async *blocks({ place }: StoredContent): AsyncGenerator<Uint8Array> {
    if (place.type === "range") {
      const { file, identity, offset, length } = place;
      const handle = await this.#files.open(file, identity);
      yield* readBlocks(handle, offset, length, file, this.#buffer);
      return;
    }
    const { folder, key, tensor, region, identities } = place;
    let chunks = this.#chunks.get(folder);
    if (chunks === undefined) {
      chunks = new ChunkReader(folder, identities, this.#files);
      this.#chunks.set(folder, chunks);
    }
    yield* regionBlocks(chunks, key, tensor, region, this.#buffer);
  }

  /** Errors: `SOURCE_CHANGED`. */
  checkUnchanged(): Promise<void> {
    return this.#files.checkUnchanged();
  }

  close(): Promise<void> {
    return this.#files.close();
  }
}
