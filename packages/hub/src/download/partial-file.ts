import { constants } from "node:fs";
import { mkdir, open, rename, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { onDisk, onDiskSync, removePath, syncDirectory } from "@moonlight-rl/core";
import type { ByteRange } from "../protocol/byte-range.ts";
import { ContentHash, type ContentDigests } from "./content-hash.ts";
import { RangeJournal, type ContentId } from "./range-journal.ts";

/** A file that is being put together from ranges: `<base>.part`, with its journal `<base>.ranges`. */
export class PartialFile {
  readonly #base: string;
  readonly #id: ContentId;
  #file: FileHandle;
  #journal: RangeJournal;
  #hash: ContentHash;

  private constructor(base: string, id: ContentId, file: FileHandle, journal: RangeJournal) {
    this.#base = base;
    this.#id = id;
    this.#file = file;
    this.#journal = journal;
    this.#hash = newHash(id);
  }

  /** Opens or goes on with a partial file; `onReread` gets the bytes of an earlier process that are read for the digest. */
  static async open(
    base: string,
    id: ContentId,
    onReread: (bytes: number) => void,
  ): Promise<PartialFile> {
    return await onDisk(`${base}.part`, async () => {
      await mkdir(dirname(base), { recursive: true });
      const file = await open(`${base}.part`, constants.O_RDWR | constants.O_CREAT, 0o644);
      try {
        const { size } = await file.stat();
        if (size !== id.size) {
          // The journal of a file that somebody cut or replaced says nothing.
          await removePath(`${base}.ranges`);
          await file.truncate(id.size);
        }
        const journal = await RangeJournal.open(`${base}.ranges`, id);
        const partial = new PartialFile(base, id, file, journal);
        partial.#advance(onReread);
        return partial;
      } catch (error) {
        await file.close();
        throw error;
      }
    });
  }

  get etag(): string | undefined {
    return this.#journal.etag;
  }

  get bytesDone(): number {
    return this.#journal.done.bytes;
  }

  missing(limit: number): ByteRange[] {
    return this.#journal.done.missing(this.#id.size, limit);
  }

  setEtag(etag: string): void {
    onDiskSync(`${this.#base}.ranges`, () => {
      this.#journal.setEtag(etag);
    });
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await onDisk(`${this.#base}.part`, async () => {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, offset + at);
        at += bytesWritten;
      }
    });
    this.#hash.offer(offset, bytes);
  }

  /** Says that every byte of the range has been written. */
  finish(range: ByteRange): void {
    onDiskSync(`${this.#base}.ranges`, () => {
      this.#journal.finish(range);
    });
    this.#advance();
  }

  /** Forgets everything that was fetched. Nothing may be writing. */
  async reset(): Promise<void> {
    await this.#settle();
    this.#journal.close();
    await onDisk(`${this.#base}.ranges`, async () => {
      await removePath(`${this.#base}.ranges`);
      this.#journal = await RangeJournal.open(`${this.#base}.ranges`, this.#id);
    });
    this.#hash = newHash(this.#id);
  }

  /** Digests of the whole file; every range must be finished. */
  async digest(): Promise<ContentDigests> {
    await onDisk(`${this.#base}.part`, () => this.#hash.advance(this.#file, this.#id.size));
    return this.#hash.digest();
  }

  /** Makes the finished, verified file durable under its final name. */
  async publish(target: string): Promise<void> {
    await onDisk(target, async () => {
      await this.#file.sync();
      await mkdir(dirname(target), { recursive: true });
      await rename(`${this.#base}.part`, target);
      await syncDirectory(dirname(target));
      await removePath(`${this.#base}.ranges`);
    });
  }

  async close(): Promise<void> {
    await this.#settle();
    this.#journal.close();
    await this.#file.close();
  }

  #advance(onRead?: (bytes: number) => void): void {
    // A read fault stays in the hash's queue and comes out of digest().
    this.#hash.advance(this.#file, this.#journal.done.frontier, onRead).catch(() => undefined);
  }

  async #settle(): Promise<void> {
    await this.#hash.advance(this.#file, 0).catch(() => undefined);
  }
}

function newHash(id: ContentId): ContentHash {
  return new ContentHash(id.size, id.oid.length === 40);
}
