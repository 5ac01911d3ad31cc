import { createReadStream } from "node:fs";
import { newSha256, throwIfAborted } from "@moonlight-rl/core";
import { newBlobSha1 } from "../protocol/blob-digest.ts";

export interface FileDigests {
  readonly size: number;
  readonly sha256: string;
  /** Git's blob id of the content; empty unless `etag` was one. */
  readonly oid: string;
}

/** Reads a file of a known size once and makes the digests to compare with what a Hub calls it, and with a manifest. */
export async function digestFile(
  path: string,
  size: number,
  etag: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): Promise<FileDigests> {
  const sha256 = newSha256();
  const sha1 = etag.length === 40 ? newBlobSha1(size) : undefined;
  let read = 0;
  for await (const value of createReadStream(path, { highWaterMark: 1 << 20 })) {
    throwIfAborted(options.signal);
    const block = value as Buffer;
    sha256.update(block);
    sha1?.update(block);
    read += block.length;
    options.onBytes?.(block.length);
  }
  return { size: read, sha256: sha256.digest("hex"), oid: sha1?.digest("hex") ?? "" };
}
