import { createHash, type Hash } from "node:crypto";

/** A sha1 that yields git's blob id once the file's `size` bytes have gone through it. */
export function newBlobSha1(size: number): Hash {
  return createHash("sha1").update(`blob ${size}\0`);
}

/** The pointer file that git stores in place of a large file, by the git-lfs specification v1. */
export function lfsPointer(sha256: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
}
