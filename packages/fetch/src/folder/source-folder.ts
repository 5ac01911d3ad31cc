import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { PreflightError } from "@moonlight-rl/core";
import { isCommit, LocalDir, openSnapshot, type RepoFile } from "@moonlight-rl/hub";
import { readManifest, type JsonObject } from "@moonlight-rl/pipeline";

/** What is known about a file's content, from whatever lies beside it. */
export interface ExpectedContent {
  readonly size?: number | undefined;
  readonly sha256?: string;
  /** Git's blob id. */
  readonly oid?: string;
}

/** A file of a folder, or one that should be there. */
export interface FolderFile {
  /** Relative to the folder, with slashes. */
  readonly path: string;
  readonly absolute: string;
  /** Undefined when it is not there. */
  readonly size: number | undefined;
  readonly expected: ExpectedContent;
}

/** `artifact`: published by a stage · `local-dir`: by `hf download --local-dir` or ours · `hf-cache`: a snapshot of the shared cache · `plain`: any other. */
export type FolderLayout = "artifact" | "local-dir" | "hf-cache" | "plain";

/** A folder with a model or a dataset, and what it says about its own files. */
export interface SourceFolder {
  readonly layout: FolderLayout;
  /** Absolute, links resolved. */
  readonly folder: string;
  /** Sorted by path. */
  readonly files: readonly FolderFile[];
  readonly commit?: string;
  /** Every file of the commit, when the folder knows them; perhaps not all of them were wanted. */
  readonly listing?: readonly RepoFile[];
  /** Of an artifact. */
  readonly kind?: string;
  readonly meta?: JsonObject;
}

/** Looks at a folder and finds out who made it. Errors: `FOLDER_MISSING`, `CACHE_NO_SNAPSHOT`, `MANIFEST_INVALID`. */
export async function openSourceFolder(path: string): Promise<SourceFolder> {
  const folder = await realpath(path).catch(() => undefined);
  const info = folder === undefined ? undefined : await stat(folder);
  if (folder === undefined || info?.isDirectory() !== true)
    throw new PreflightError("FOLDER_MISSING", `${path} is not a folder.`, {
      file: path,
      hint: "Name a folder with a model or a dataset; a repository of a Hub is written org/name.",
    });
  const names = new Set(await readdir(folder));
  if (names.has("manifest.json")) {
    const artifact = await asArtifact(folder);
    if (artifact !== undefined) return artifact;
  }
  if (isCommit(basename(folder)) && basename(dirname(folder)) === "snapshots")
    return await asSnapshot(folder);
  if (names.has("snapshots") && /^(?:models|datasets)--/.test(basename(folder)))
    return await asSnapshot(await currentSnapshot(folder));
  const local = new LocalDir(folder);
  if (await local.exists()) return await asLocalDir(folder, local);
  return { layout: "plain", folder, files: await walk(folder) };
}

async function asArtifact(folder: string): Promise<SourceFolder | undefined> {
  const manifest = await readManifest(folder);
  if (manifest === undefined) return undefined;
  const { kind, meta } = manifest;
  const files = manifest.files.map(async ({ path, size, sha256 }) => {
    const absolute = join(folder, path);
    return { path, absolute, size: await sizeOf(absolute), expected: { size, sha256 } };
  });
  return { layout: "artifact", folder, kind, meta, files: await Promise.all(files) };
}

async function asSnapshot(folder: string): Promise<SourceFolder> {
  const snapshot = await openSnapshot(folder);
  const listed = byPath(snapshot?.listing);
  const files = (snapshot?.files ?? []).map(({ path, absolute, size, etag }) => {
    const known = listed.get(path);
    const expected = known === undefined ? ofEtag(etag) : ofFile(known);
    return { path, absolute, size, expected };
  });
  return {
    layout: "hf-cache",
    folder,
    files,
    commit: basename(folder),
    ...(snapshot?.listing === undefined ? {} : { listing: snapshot.listing }),
  };
}

/** The snapshot that `main` stands for, else the only one. */
async function currentSnapshot(repository: string): Promise<string> {
  const snapshots = join(repository, "snapshots");
  const names = (await readdir(snapshots)).filter(isCommit);
  const main = (await readFile(join(repository, "refs", "main"), "utf8").catch(() => "")).trim();
  const [only] = names;
  if (names.includes(main)) return join(snapshots, main);
  if (only !== undefined && names.length === 1) return join(snapshots, only);
  throw new PreflightError(
    "CACHE_NO_SNAPSHOT",
    `${repository} has ${names.length === 0 ? "no snapshot" : `${names.length} snapshots, none of them main`}.`,
    { file: repository, hint: "Name one of them: snapshots/COMMIT." },
  );
}

async function asLocalDir(folder: string, local: LocalDir): Promise<SourceFolder> {
  const notes = await local.notes();
  const latest = [...notes].sort((a, b) => b.timestamp - a.timestamp)[0]?.commit;
  const listing = latest === undefined ? undefined : await local.listing(latest);
  const listed = byPath(listing);
  const files = new Map((await walk(folder)).map((file) => [file.path, file]));
  for (const { path, etag, commit } of notes) {
    const found = files.get(path);
    const known = commit === latest ? listed.get(path) : undefined;
    const expected = known === undefined ? ofEtag(etag) : ofFile(known);
    const absolute = join(folder, path);
    files.set(path, { path, absolute, size: found?.size, expected });
  }
  return {
    layout: "local-dir",
    folder,
    files: sorted([...files.values()]),
    ...(latest === undefined ? {} : { commit: latest }),
    ...(listing === undefined ? {} : { listing }),
  };
}

/** What tools leave in a folder that is not its content. */
const NOT_CONTENT = new Set([".git", ".cache", ".DS_Store"]);

async function walk(folder: string): Promise<FolderFile[]> {
  const files: FolderFile[] = [];
  const visit = async (at: string): Promise<void> => {
    for (const entry of await readdir(join(folder, at), { withFileTypes: true })) {
      const path = at === "" ? entry.name : `${at}/${entry.name}`;
      if (NOT_CONTENT.has(entry.name)) continue;
      const absolute = join(folder, path);
      if (entry.isDirectory()) await visit(path);
      else files.push({ path, absolute, size: await sizeOf(absolute), expected: {} });
    }
  };
  await visit("");
  return sorted(files);
}

function sorted(files: FolderFile[]): FolderFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true ? info.size : undefined;
}

function byPath(listing: readonly RepoFile[] | undefined): ReadonlyMap<string, RepoFile> {
  return new Map((listing ?? []).map((file) => [file.path, file]));
}

function ofFile({ size, oid, lfs }: RepoFile): ExpectedContent {
  return lfs === undefined ? { size, oid } : { size, sha256: lfs.oid };
}

function ofEtag(etag: string | undefined): ExpectedContent {
  if (etag === undefined) return {};
  return etag.length === 40 ? { oid: etag } : { sha256: etag };
}
