import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { RepoFile } from "../client/repo-listing.ts";
import { unsafePath } from "../protocol/file-path.ts";
import { apiSegment, isCommit, type RepoRef } from "../protocol/repo.ts";
import { ETAG, etagOf } from "./etag.ts";
import { hfCacheFolder } from "./hf-home.ts";
import { bestSeed, incompleteSeed, seedAt, type Seed } from "./seed.ts";
import { readTree } from "./tree-file.ts";

/** A file of a cached snapshot. */
export interface SnapshotFile {
  /** Path within the repository. */
  readonly path: string;
  readonly absolute: string;
  /** Undefined when the link leads nowhere: the download of the content was interrupted. */
  readonly size: number | undefined;
  /** From the name of the content that the link leads to; undefined for a plain copy. */
  readonly etag: string | undefined;
}

/** One commit of a repository as Hugging Face's shared cache has it: perhaps not all of its files. */
export interface Snapshot {
  readonly folder: string;
  readonly commit: string;
  readonly files: readonly SnapshotFile[];
  /** Every file of the commit, when the cache knows them. */
  readonly listing: readonly RepoFile[] | undefined;
}

/**
 * Hugging Face's shared cache (`models--org--name/{blobs,refs,snapshots,trees}`), read only. Nothing in it is trusted:
 * whoever takes content from here verifies it.
 */
export class HfCache {
  readonly folder: string;

  constructor(folder: string = hfCacheFolder()) {
    this.folder = folder;
  }

  /** Where a repository's files are, whether or not there are any. */
  repoFolder({ type, repo }: RepoRef): string {
    return join(this.folder, [apiSegment(type), ...repo.split("/")].join("--"));
  }

  /** The commit that a branch or tag stood for when it was last asked. */
  async commitOf(ref: RepoRef, revision: string): Promise<string | undefined> {
    if (isCommit(revision)) return revision;
    if (unsafePath(revision) !== undefined) return undefined;
    const path = join(this.repoFolder(ref), "refs", revision);
    const text = (await readFile(path, "utf8").catch(() => "")).trim();
    return isCommit(text) ? text : undefined;
  }

  async snapshot(ref: RepoRef, commit: string): Promise<Snapshot | undefined> {
    if (!isCommit(commit)) return undefined;
    return await openSnapshot(join(this.repoFolder(ref), "snapshots", commit));
  }

  /** What the cache has of a file's content: the whole of it, or the prefix of an interrupted download. */
  async seed(ref: RepoRef, file: RepoFile): Promise<Seed | undefined> {
    const blob = join(this.repoFolder(ref), "blobs", etagOf(file));
    return await bestSeed(file.size, [() => seedAt(blob), () => incompleteSeed(blob, file.size)]);
  }
}

/** Reads a folder `…/snapshots/<commit>`; undefined when there is none. */
export async function openSnapshot(folder: string): Promise<Snapshot | undefined> {
  const commit = basename(folder);
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(
    () => undefined,
  );
  if (found === undefined) return undefined;
  const files: SnapshotFile[] = [];
  for (const entry of found) {
    if (entry.isDirectory()) continue;
    const absolute = join(entry.parentPath, entry.name);
    const path = absolute.slice(folder.length + 1).replaceAll("\\", "/");
    const info = await stat(absolute).catch(() => undefined);
    const target = entry.isSymbolicLink() ? basename(await readlink(absolute)) : "";
    files.push({
      path,
      absolute,
      size: info?.isFile() === true ? info.size : undefined,
      etag: ETAG.test(target) ? target : undefined,
    });
  }
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  const listing = await readTree(dirname(dirname(folder)), commit);
  return { folder, commit, files, listing };
}
