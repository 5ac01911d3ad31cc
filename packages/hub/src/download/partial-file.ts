import { constants } from "node:fs";
import { copyFile, mkdir, open, rename, stat, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { onDisk, onDiskSync, removePath, syncDirectory } from "@moonlight-rl/core";
import type { ByteRange } from "../protocol/byte-range.ts";
import { BLOCK_BYTES, type Block } from "./block-pool.ts";
import { ContentHash } from "./content-hash.ts";
import type { ContentDigests } from "./file-hash.ts";
import type { DiskThreads } from "./disk-threads.ts";
import { RangeJournal, type ContentId } from "./range-journal.ts";

export interface PartialOptions {
  /** Path without suffix: `<base>.part` is the file, `<base>.ranges` its journal. */
  readonly base: string;
  readonly id: ContentId;
  readonly threads: DiskThreads;
  /** A path where at every instant only a contiguous prefix lies; then `<base>.part` has what runs ahead of it. */
  readonly contiguous?: string | undefined;
  /** A local file whose first bytes are believed to be the content's. */
  readonly seed?: { readonly path: string; readonly bytes: number } | undefined;
  /** Gets the number of bytes of an earlier process that are read for the digest. */
  readonly onReread: (bytes: number) => void;
}

/** A file that is being put together from ranges. */
export class PartialFile {
  readonly #options: PartialOptions;
  /** Ends up under the final name. */
  #main: FileHandle;
  /** Only with `contiguous`: bytes at their place, ahead of the end of the main file. */
  readonly #ahead: FileHandle | undefined;
  #journal: RangeJournal;
  #hash: ContentHash;
  /** Only with `contiguous`: how long the main file is. */
  #length = 0;
  #moving: Promise<void> = Promise.resolve();

  private constructor(
    options: PartialOptions,
    main: FileHandle,
    ahead: FileHandle | undefined,
    journal: RangeJournal,
  ) {
    this.#options = options;
    this.#main = main;
    this.#ahead = ahead;
    this.#journal = journal;
    this.#hash = newHash(options);
  }

  /** Opens or goes on with a partial file. */
  static async open(options: PartialOptions): Promise<PartialFile> {
    const { base, id, contiguous } = options;
    return await onDisk(`${base}.part`, async () => {
      await mkdir(dirname(base), { recursive: true });
      if (contiguous !== undefined) await mkdir(dirname(contiguous), { recursive: true });
      const journal = await openJournal(options);
      const handles: FileHandle[] = [];
      try {
        await plant(options, journal);
        const part = await openFile(`${base}.part`);
        handles.push(part);
        await part.truncate(id.size);
        const main = contiguous === undefined ? part : await openFile(contiguous);
        if (main !== part) handles.push(main);
        const ahead = contiguous === undefined ? undefined : part;
        const partial = new PartialFile(options, main, ahead, journal);
        if (ahead !== undefined) {
          partial.#length = (await main.stat()).size;
          journal.done.add({ start: 0, end: partial.#length });
        }
        await partial.#catchUp();
        options.onReread(partial.#hash.advance(main.fd, journal.done.frontier));
        return partial;
      } catch (error) {
        await Promise.all(handles.map((handle) => handle.close()));
        journal.close();
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

  /** How many bytes from 0 on are there without a gap. */
  get frontier(): number {
    return this.#journal.done.frontier;
  }

  missing(limit: number): ByteRange[] {
    return this.#journal.done.missing(this.#options.id.size, limit);
  }

  setEtag(etag: string): void {
    onDiskSync(`${this.#options.base}.ranges`, () => {
      this.#journal.setEtag(etag);
    });
  }

  /** Writes and hashes; the block may be used again afterwards. */
  async write(offset: number, block: Block, length: number): Promise<void> {
    const [ahead, base] = [this.#ahead, this.#options.base];
    const atEnd = ahead === undefined || offset === this.#length;
    await onDisk(`${base}.part`, () =>
      atEnd
        ? this.#hash.write(this.#main.fd, offset, block, length)
        : this.#hash.writeOnly(ahead.fd, offset, block, length),
    );
    if (ahead !== undefined && atEnd) this.#length = offset + length;
  }

  /** Says that every byte of the range has been written. */
  finish(range: ByteRange): void {
    onDiskSync(`${this.#options.base}.ranges`, () => {
      this.#journal.finish(range);
    });
    if (this.#ahead === undefined) this.#advance();
    else {
      this.#moving = this.#moving.then(() => this.#catchUp());
      this.#moving.catch(() => undefined);
    }
  }

  /** Forgets everything that was fetched. Nothing may be writing. */
  async reset(): Promise<void> {
    await this.#settle();
    this.#journal.close();
    await onDisk(`${this.#options.base}.ranges`, async () => {
      await removePath(`${this.#options.base}.ranges`);
      if (this.#ahead !== undefined) await this.#main.truncate(0);
      this.#length = 0;
      this.#journal = await openJournal(this.#options);
    });
    this.#hash.drop();
    this.#hash = newHash(this.#options);
  }

  /** Digests of the whole file; every range must be finished. */
  async digest(): Promise<ContentDigests> {
    return await onDisk(`${this.#options.base}.part`, async () => {
      await this.#moving;
      this.#hash.advance(this.#main.fd, this.#options.id.size);
      return await this.#hash.digest();
    });
  }

  /** Makes the finished, verified file durable under its final name. */
  async publish(target: string): Promise<void> {
    const { base, contiguous } = this.#options;
    await onDisk(target, async () => {
      await this.#main.sync();
      await rename(contiguous ?? `${base}.part`, target);
      await syncDirectory(dirname(target));
      if (contiguous !== undefined) await removePath(`${base}.part`);
      await removePath(`${base}.ranges`);
    });
  }

  async close(): Promise<void> {
    await this.#settle();
    this.#hash.drop();
    this.#journal.close();
    await this.#main.close();
    await this.#ahead?.close();
  }

  #advance(): void {
    this.#hash.advance(this.#main.fd, this.#journal.done.frontier);
  }

  /** Appends what has become contiguous to the main file. */
  async #catchUp(): Promise<void> {
    if (this.#ahead === undefined) return;
    const block = new Uint8Array(Math.min(BLOCK_BYTES, this.#options.id.size));
    while (this.#length < this.#journal.done.frontier) {
      const length = Math.min(block.length, this.#journal.done.frontier - this.#length);
      const { bytesRead } = await this.#ahead.read(block, 0, length, this.#length);
      if (bytesRead === 0) throw new Error("the partial file is shorter than its journal");
      await writeAll(this.#main, block.subarray(0, bytesRead), this.#length);
      this.#length += bytesRead;
    }
    this.#advance();
  }

  async #settle(): Promise<void> {
    await this.#moving.catch(() => undefined);
    await this.#hash.settle();
  }
}

function newHash({ threads, id }: PartialOptions): ContentHash {
  return new ContentHash(threads.open(id.size, id.oid.length === 40));
}

async function openFile(path: string): Promise<FileHandle> {
  return await open(path, constants.O_RDWR | constants.O_CREAT, 0o644);
}

/** The journal of a file that somebody cut, replaced or removed says nothing. */
async function openJournal({ base, id }: PartialOptions): Promise<RangeJournal> {
  const size = await sizeOf(`${base}.part`);
  if (size !== id.size) await removePath(`${base}.ranges`);
  return await RangeJournal.open(`${base}.ranges`, id);
}

/** Puts a seed in the place of the first bytes, when there is nothing of the file yet (or less of its prefix). */
async function plant(options: PartialOptions, journal: RangeJournal): Promise<void> {
  const { base, id, contiguous, seed } = options;
  const place = contiguous ?? `${base}.part`;
  const prefix = contiguous === undefined ? 0 : ((await sizeOf(contiguous)) ?? 0);
  if (prefix > id.size) await removePath(place);
  const here = prefix > id.size ? 0 : prefix;
  const worthwhile =
    contiguous === undefined ? journal.done.bytes === 0 : (seed?.bytes ?? 0) > here;
  if (seed === undefined || seed.path === place || !worthwhile) return;
  const length = Math.min(seed.bytes, id.size);
  // On file systems that can, the copy shares its blocks with the seed.
  await removePath(place);
  await copyFile(seed.path, place, constants.COPYFILE_FICLONE);
  const copy = await open(place, constants.O_RDWR);
  try {
    await copy.chmod(0o644);
    await copy.truncate(length);
  } finally {
    await copy.close();
  }
  if (contiguous === undefined) journal.finish({ start: 0, end: length });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return (await stat(path).catch(() => undefined))?.size;
}

async function writeAll(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, at, bytes.length - at, offset + at);
    at += bytesWritten;
  }
}
