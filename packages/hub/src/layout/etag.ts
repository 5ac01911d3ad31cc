import { createHash } from "node:crypto";
import type { RepoFile } from "../client/repo-listing.ts";
import { lfsPointer, newBlobSha1 } from "../protocol/blob-digest.ts";

/** A sha256 (large files) or git's blob id: what Hugging Face's tools call a file's etag and name its copies by. */
export const ETAG = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** The etag of a listed file. */
export function etagOf(file: RepoFile): string {
  return file.lfs?.oid ?? file.oid;
}

/** A file as the Hub would list it, from its etag and size. */
export function fileOfEtag(path: string, etag: string, size: number): RepoFile {
  if (etag.length === 40) return { path, size, oid: etag };
  const pointer = Buffer.from(lfsPointer(etag, size));
  const oid = newBlobSha1(pointer.length).update(pointer).digest("hex");
  return { path, size, oid, lfs: { oid: etag, size } };
}

/** The name that Hugging Face's tools make of a file name where the name itself could be too long. */
export function shortName(name: string): string {
  // Their base64 has `-` and `_` for `+` and `/`, and keeps the padding.
  return createHash("sha1").update(name).digest("base64").replaceAll("+", "-").replaceAll("/", "_");
}
