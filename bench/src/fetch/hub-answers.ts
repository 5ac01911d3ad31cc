import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The name that the repository is served under. */
export const REPO = "bench/model";
const POINTER_SIZE = 134;

/** A file as the Hub knows it: `etag` is the sha256 of a large one and git's blob id of any other. */
export interface RepoFile {
  readonly path: string;
  readonly size: number;
  readonly etag: string;
}

/** An entry as the Hub's tree API lists it. */
export interface TreeEntry {
  readonly type: "file";
  readonly path: string;
  readonly oid: string;
  readonly size: number;
  readonly lfs?: { readonly oid: string; readonly size: number; readonly pointerSize: number };
}

/** What `/api/models/…` and `/api/models/…/tree/…` say. */
export async function writeAnswers(
  folder: string,
  commit: string,
  files: readonly RepoFile[],
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const info = {
    _id: commit.slice(0, 24),
    id: REPO,
    modelId: REPO,
    sha: commit,
    private: false,
    gated: false,
    disabled: false,
    tags: [],
    downloads: 0,
    likes: 0,
    lastModified: "2026-01-01T00:00:00.000Z",
    createdAt: "2026-01-01T00:00:00.000Z",
    siblings: files.map((file) => ({
      rfilename: file.path,
      size: file.size,
      blobId: treeEntry(file).oid,
      ...(isLarge(file)
        ? { lfs: { sha256: file.etag, size: file.size, pointerSize: POINTER_SIZE } }
        : {}),
    })),
  };
  await writeFile(join(folder, "info.json"), JSON.stringify(info));
  await writeFile(join(folder, "tree.json"), JSON.stringify(files.map(treeEntry)));
}

export function treeEntry({ path, size, etag }: RepoFile): TreeEntry {
  if (!isLarge({ etag })) return { type: "file", oid: etag, size, path };
  // What git stores of a large file is its pointer; no client of this bench looks at it.
  const oid = blobId(Buffer.from(etag));
  return { type: "file", oid, size, lfs: { oid: etag, size, pointerSize: POINTER_SIZE }, path };
}

/** git's name for a file's content. */
export function blobId(content: Uint8Array): string {
  return createHash("sha1").update(`blob ${content.length}\0`).update(content).digest("hex");
}

/** Large files are named by a sha256, all others by git's sha1. */
export function isLarge({ etag }: Pick<RepoFile, "etag">): boolean {
  return etag.length === 64;
}
