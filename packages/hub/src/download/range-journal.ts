import { NdjsonWriter, readNdjson, removePath } from "@moonlight-rl/core";
import { z } from "zod";
import type { ByteRange } from "../protocol/byte-range.ts";
import { RangeSet } from "./range-set.ts";

/** What a partial file is a part of; a partial of anything else is worthless. */
export interface ContentId {
  /** Git blob sha1, or sha256 of a large file. */
  readonly oid: string;
  readonly size: number;
}

const FORMAT = 1;
const headSchema = z.object({ format: z.literal(FORMAT), oid: z.string(), size: z.number() });
const lineSchema = z.union([
  z.object({ start: z.number().int().nonnegative(), end: z.number().int().positive() }),
  z.object({ etag: z.string() }),
]);

/**
 * The finished ranges of a partial file, on the disk beside it: one NDJSON line each, so that kill -9 loses at most
 * the ranges in flight. A power cut may keep a line and lose its data: the digest of the whole file finds that.
 */
export class RangeJournal {
  readonly done: RangeSet;
  /** The entity tag that the ranges so far were served with. */
  etag: string | undefined;
  readonly #writer: NdjsonWriter;

  private constructor(done: RangeSet, etag: string | undefined, writer: NdjsonWriter) {
    this.done = done;
    this.etag = etag;
    this.#writer = writer;
  }

  /** Reads the journal of an earlier process; one of other content, another format or with damage is dropped. */
  static async open(path: string, id: ContentId): Promise<RangeJournal> {
    const earlier = await readJournal(path, id);
    if (earlier !== undefined)
      return new RangeJournal(earlier.done, earlier.etag, new NdjsonWriter(path));
    await removePath(path);
    const writer = new NdjsonWriter(path);
    writer.append({ format: FORMAT, oid: id.oid, size: id.size });
    return new RangeJournal(new RangeSet(), undefined, writer);
  }

  finish(range: ByteRange): void {
    this.done.add(range);
    this.#writer.append({ start: range.start, end: range.end });
  }

  setEtag(etag: string): void {
    if (this.etag === etag) return;
    this.etag = etag;
    this.#writer.append({ etag });
  }

  close(): void {
    this.#writer.close();
  }
}

/** What the journal of an earlier process says; undefined when it is not to be believed. Changes nothing. */
export async function readJournal(
  path: string,
  id: ContentId,
): Promise<{ done: RangeSet; etag: string | undefined } | undefined> {
  const done = new RangeSet();
  let etag: string | undefined;
  let head = false;
  try {
    for await (const line of readNdjson(path)) {
      if (!head) {
        const { oid, size } = headSchema.parse(line);
        if (oid !== id.oid || size !== id.size) return undefined;
        head = true;
        continue;
      }
      const entry = lineSchema.parse(line);
      if ("etag" in entry) etag = entry.etag;
      else if (entry.end > id.size || entry.start >= entry.end) return undefined;
      else done.add(entry);
    }
  } catch {
    return undefined;
  }
  return head ? { done, etag } : undefined;
}
