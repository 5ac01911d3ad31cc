import { setMaxListeners } from "node:events";
import { TemporaryError, VerificationError, throwIfAborted } from "@moonlight-rl/core";
import type { HubHttp } from "../client/hub-http.ts";
import type { RepoFile } from "../client/repo-listing.ts";
import { Retriable, withRetries } from "../client/retry.ts";
import type { ByteRange } from "../protocol/byte-range.ts";
import type { BlockPool } from "./block-pool.ts";
import type { ContentDigests } from "./file-hash.ts";
import type { DiskThreads } from "./disk-threads.ts";
import type { Lanes } from "./lanes.ts";
import { makeFolderWithin } from "./make-folder-within.ts";
import { PartialFile } from "./partial-file.ts";
import { ContentChanged, RangesIgnored, RangeSource } from "./range-source.ts";
import { RangeWriter } from "./range-writer.ts";

/** What all downloads of a client share. */
export interface Transfer {
  readonly http: HubHttp;
  readonly lanes: Lanes;
  readonly blocks: BlockPool;
  readonly threads: DiskThreads;
  readonly rangeBytes: number;
  /** How far ahead of a file's first gap its ranges may begin: what arrives there is read once more for the digest. */
  readonly windowBytes: number;
}

export interface FileEvents {
  /** Bytes of this file that are on the disk; smaller than before when some had to be dropped. */
  onBytes?(done: number): void;
  /** Bytes of an earlier process that are read again for the digest. */
  onReread?(bytes: number): void;
  onWarning?(warning: { readonly code: string; readonly message: string }): void;
}

export interface FileJob {
  readonly file: RepoFile;
  readonly url: URL;
  /** Final path, below `directory`. */
  readonly target: string;
  readonly directory: string;
  /** Path without suffix of the partial file and its journal, on the same disk. */
  readonly partial: string;
  /** See `DownloadOptions`. */
  readonly contiguous?: string | undefined;
  readonly seed?: { readonly path: string; readonly bytes: number } | undefined;
  /** For messages: "model.safetensors of model org/name". */
  readonly purpose: string;
}

/** An attempt has to bring this much, or the end, to count as progress: a server that drops sooner is given up. */
const PROGRESS_BYTES = 16_384;
const MAX_RESTARTS = 3;
/** Of what goes the general way, which copies: enough to see how a file is served. */
const FIRST_BYTES = 128 << 10;
/** A shorter first range goes that way as a whole: a request more would cost more than it saves. */
const SPLIT_BYTES = 1 << 20;

/**
 * Fetches one file: missing ranges at once, then the digest of the whole, then the final name. Nothing appears under
 * the final name before its digest is the one that the Hub lists.
 */
export async function downloadFile(
  transfer: Transfer,
  job: FileJob,
  events: FileEvents,
  signal: AbortSignal,
): Promise<{ size: number; sha256: string; fetched: number }> {
  const id = { oid: job.file.lfs?.oid ?? job.file.oid, size: job.file.size };
  const partial = await PartialFile.open({
    base: job.partial,
    id,
    threads: transfer.threads,
    contiguous: job.contiguous,
    seed: job.seed,
    onReread: (bytes) => events.onReread?.(bytes),
  });
  const download = new FileDownload(transfer, job, partial, events, signal);
  try {
    const sha256 = await download.verified(id.oid);
    await makeFolderWithin(job.directory, job.target);
    await partial.publish(job.target);
    return { size: id.size, sha256, fetched: download.fetched };
  } finally {
    await partial.close();
  }
}

class FileDownload {
  fetched = 0;
  readonly #transfer: Transfer;
  readonly #job: FileJob;
  readonly #partial: PartialFile;
  readonly #events: FileEvents;
  readonly #signal: AbortSignal;
  readonly #source: RangeSource;
  #done: number;

  constructor(
    transfer: Transfer,
    job: FileJob,
    partial: PartialFile,
    events: FileEvents,
    signal: AbortSignal,
  ) {
    this.#transfer = transfer;
    this.#job = job;
    this.#partial = partial;
    this.#events = events;
    this.#signal = signal;
    this.#source = new RangeSource(transfer.http, job.url, job.file.size, job.purpose);
    this.#done = partial.bytesDone;
    this.#count(0);
  }

  /** The sha256 of the complete file once it is the listed one; a mismatch is fetched anew once. */
  async verified(oid: string): Promise<string> {
    // A seed may be wrong, and then the network still has its two chances.
    const attempts = this.#job.seed === undefined && this.#job.contiguous === undefined ? 2 : 3;
    for (let attempt = 1; ; attempt++) {
      await this.#complete();
      const digests = await this.#partial.digest();
      const found = oidOf(digests);
      if (found === oid) return digests.sha256;
      await this.#restart();
      const message = `${this.#job.purpose}: the content has digest ${found}, the Hub lists ${oid}`;
      if (attempt === attempts)
        throw new VerificationError("HUB_DIGEST_MISMATCH", message, {
          file: this.#job.target,
          hint: "The endpoint serves wrong bytes: try another HF_ENDPOINT. Nothing of this file was kept.",
        });
      this.#events.onWarning?.({
        code: "HUB_DIGEST_MISMATCH",
        message: `${message}; it is fetched again`,
      });
    }
  }

  async #complete(): Promise<void> {
    for (let restarts = 0; ; restarts++) {
      try {
        await this.#fetchMissing();
        return;
      } catch (error) {
        if (!(error instanceof ContentChanged) && !(error instanceof RangesIgnored)) throw error;
        await this.#restart();
        if (restarts === MAX_RESTARTS)
          throw new TemporaryError(
            "HUB_CONTENT_CHANGED",
            `${this.#job.purpose}: the server keeps changing what it serves`,
            { cause: error, hint: "Try again later or another HF_ENDPOINT." },
          );
        if (error instanceof ContentChanged) continue;
        await this.#fetchWhole();
        return;
      }
    }
  }

  /** All missing ranges, as many at once as the lanes let through; the first failure ends the others. */
  async #fetchMissing(): Promise<void> {
    const { lanes, rangeBytes, windowBytes } = this.#transfer;
    const ranges = this.#partial.missing(rangeBytes);
    const [first] = ranges;
    const whole = first?.start === 0 && first.end === this.#job.file.size;
    if (first !== undefined && !whole && first.end - first.start > SPLIT_BYTES) {
      // The first one goes the general way and shows the fast one to all others, so it is short.
      const end = first.start + FIRST_BYTES;
      ranges.splice(0, 1, { start: first.start, end }, { start: end, end: first.end });
    }
    const failed = new AbortController();
    const signal = AbortSignal.any([this.#signal, failed.signal]);
    setMaxListeners(0, signal);
    try {
      await lanes.work({
        next: () => {
          const [first] = ranges;
          const near = first !== undefined && first.start < this.#partial.frontier + windowBytes;
          return near && !signal.aborted ? ranges.shift() : undefined;
        },
        exhausted: () => ranges.length === 0 || signal.aborted,
        run: async (range) => {
          try {
            await this.#fetchRange(range, signal, whole);
          } catch (error) {
            // Siblings that end because of this say "interrupted", and later.
            failed.abort();
            throw error;
          }
        },
      });
    } catch (error) {
      throwIfAborted(this.#signal);
      throw error;
    }
    throwIfAborted(this.#signal);
  }

  /** One range with retries; within it a broken transfer goes on at the byte where it broke. */
  async #fetchRange(range: ByteRange, signal: AbortSignal, whole: boolean): Promise<void> {
    let at = range.start;
    await withRetries(this.#transfer.http.retry, signal, async () => {
      const before = at;
      try {
        await this.#receive({ start: at, end: range.end }, whole && at === 0, signal, (bytes) => {
          at += bytes;
        });
      } catch (error) {
        throw error instanceof Retriable ? this.#counted(error, at - before) : error;
      }
    }).catch((error: unknown) => {
      // What an unfinished range has on the disk is not journalled; it will be fetched again.
      this.#count(range.start - at, 0);
      throw error;
    });
    this.#partial.finish(range);
  }

  /** For servers without ranges: each attempt starts from the first byte. */
  async #fetchWhole(): Promise<void> {
    const range = { start: 0, end: this.#job.file.size };
    const ranges = [range];
    await this.#transfer.lanes.work({
      next: () => ranges.shift(),
      exhausted: () => ranges.length === 0,
      run: () =>
        withRetries(this.#transfer.http.retry, this.#signal, async () => {
          await this.#restart();
          await this.#receive(range, true, this.#signal, () => undefined, false);
        }),
    });
    this.#partial.finish(range);
  }

  /** Asks for a range and writes what comes, in blocks; `onBytes` hears of what is on the disk. */
  async #receive(
    range: ByteRange,
    whole: boolean,
    signal: AbortSignal,
    onBytes: (bytes: number) => void,
    guarded = true,
  ): Promise<void> {
    const etag = guarded ? this.#partial.etag : undefined;
    const { blocks, lanes } = this.#transfer;
    const writer = new RangeWriter(this.#partial, blocks, range.start, (bytes) => {
      onBytes(bytes);
      this.#count(bytes);
      lanes.received(bytes);
    });
    try {
      await this.#source.receive({ range, etag, whole, signal }, writer, (tag) => {
        if (guarded) this.#partial.setEtag(tag);
      });
    } finally {
      await writer.end();
    }
  }

  /** Says whether an attempt brought the transfer on, and to the lanes whether the server has too much to do. */
  #counted(fault: Retriable, bytes: number): Retriable {
    if (fault.congestion) this.#transfer.lanes.congested();
    return new Retriable(fault.error, {
      retryAfterMs: fault.retryAfterMs,
      congestion: fault.congestion,
      progressed: bytes >= PROGRESS_BYTES,
    });
  }

  async #restart(): Promise<void> {
    await this.#partial.reset();
    this.#done = 0;
    this.#events.onBytes?.(0);
  }

  #count(done: number, fetched = done): void {
    this.fetched += fetched;
    this.#done += done;
    this.#events.onBytes?.(this.#done);
  }
}

function oidOf(digests: ContentDigests): string {
  return digests.blobSha1 ?? digests.sha256;
}
