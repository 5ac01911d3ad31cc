import {
  TemporaryError,
  VerificationError,
  isMoonlightError,
  throwIfAborted,
} from "@moonlight-rl/core";
import { setMaxListeners } from "node:events";
import type { LimitFunction } from "p-limit";
import type { HubHttp } from "../client/hub-http.ts";
import type { RepoFile } from "../client/repo-listing.ts";
import { Retriable, withRetries } from "../client/retry.ts";
import type { ByteRange } from "../protocol/byte-range.ts";
import type { ContentDigests } from "./content-hash.ts";
import { PartialFile } from "./partial-file.ts";
import { ContentChanged, RangesIgnored, RangeSource } from "./range-source.ts";

/** What all downloads of a client share. */
export interface Transfer {
  readonly http: HubHttp;
  /** Bounds the requests in flight over all files. */
  readonly limit: LimitFunction;
  readonly rangeBytes: number;
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
  /** Final path. */
  readonly target: string;
  /** Path without suffix of the partial file and its journal, on the same disk. */
  readonly partial: string;
  /** For messages: "model.safetensors of model org/name". */
  readonly purpose: string;
}

/** An attempt has to bring this much, or the end, to count as progress: a server that drops sooner is given up. */
const PROGRESS_BYTES = 16_384;
const MAX_RESTARTS = 3;

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
  const partial = await PartialFile.open(job.partial, id, (bytes) => events.onReread?.(bytes));
  const download = new FileDownload(transfer, job, partial, events, signal);
  try {
    const sha256 = await download.verified(id.oid);
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
    for (let attempt = 1; ; attempt++) {
      await this.#complete();
      const digests = await this.#partial.digest();
      const found = oidOf(digests);
      if (found === oid) return digests.sha256;
      await this.#restart();
      const message = `${this.#job.purpose}: the content has digest ${found}, the Hub lists ${oid}`;
      if (attempt > 1)
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
        await this.#transfer.limit(() => this.#fetchWhole());
        return;
      }
    }
  }

  /** All missing ranges, as many at once as the limit lets through; the first failure ends the others. */
  async #fetchMissing(): Promise<void> {
    const { limit, rangeBytes } = this.#transfer;
    const ranges = this.#partial.missing(rangeBytes);
    const [only] = ranges;
    if (only?.start === 0 && only.end === this.#job.file.size) {
      await limit(() => this.#fetchRange(only, this.#signal, true));
      return;
    }
    const failed = new AbortController();
    const signal = AbortSignal.any([this.#signal, failed.signal]);
    setMaxListeners(0, signal);
    const results = await Promise.allSettled(
      ranges.map((range) =>
        limit(async () => {
          if (signal.aborted) return;
          try {
            await this.#fetchRange(range, signal, false);
          } catch (error) {
            failed.abort();
            throw error;
          }
        }),
      ),
    );
    throwIfAborted(this.#signal);
    const errors = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as Error] : [],
    );
    // Siblings that were ended by the first failure say "interrupted", which is not the cause.
    const cause = errors.find((error) => !isInterrupted(error)) ?? errors[0];
    if (cause !== undefined) throw cause;
  }

  /** One range with retries; within it a broken transfer goes on at the byte where it broke. */
  async #fetchRange(range: ByteRange, signal: AbortSignal, whole: boolean): Promise<void> {
    let at = range.start;
    await withRetries(this.#transfer.http.retry, signal, async () => {
      const before = at;
      try {
        const rest = { start: at, end: range.end };
        const response = await this.#source.open({
          range: rest,
          etag: this.#partial.etag,
          whole: whole && at === 0,
          signal,
        });
        if (response.etag !== undefined) this.#partial.setEtag(response.etag);
        for await (const block of this.#source.read(response, rest.end - rest.start, signal)) {
          await this.#partial.write(at, block);
          at += block.length;
          this.#count(block.length);
        }
      } catch (error) {
        throw error instanceof Retriable ? counted(error, at - before) : error;
      }
    }).catch((error: unknown) => {
      // What an unfinished range has on the disk is not journalled; it will be fetched again.
      this.#done -= at - range.start;
      throw error;
    });
    this.#partial.finish(range);
  }

  /** For servers without ranges: each attempt starts from the first byte. */
  async #fetchWhole(): Promise<void> {
    const range = { start: 0, end: this.#job.file.size };
    await withRetries(this.#transfer.http.retry, this.#signal, async () => {
      await this.#restart();
      const signal = this.#signal;
      const response = await this.#source.open({ range, etag: undefined, whole: true, signal });
      let at = 0;
      for await (const block of this.#source.read(response, range.end, signal)) {
        await this.#partial.write(at, block);
        at += block.length;
        this.#count(block.length);
      }
    });
    this.#partial.finish(range);
  }

  async #restart(): Promise<void> {
    await this.#partial.reset();
    this.#done = 0;
    this.#events.onBytes?.(0);
  }

  #count(bytes: number): void {
    this.fetched += bytes;
    this.#done += bytes;
    this.#events.onBytes?.(this.#done);
  }
}

function counted(fault: Retriable, bytes: number): Retriable {
  return new Retriable(fault.error, {
    retryAfterMs: fault.retryAfterMs,
    progressed: bytes >= PROGRESS_BYTES,
  });
}

function oidOf(digests: ContentDigests): string {
  return digests.blobSha1 ?? digests.sha256;
}

function isInterrupted(error: unknown): boolean {
  return isMoonlightError(error) && error.code === "INTERRUPTED";
}
