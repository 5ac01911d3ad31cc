import { randomUUID } from "node:crypto";
import { mkdir, readdir, realpath, rename } from "node:fs/promises";
import { join, sep } from "node:path";
import {
  hashFile,
  MoonlightError,
  publishDirectory,
  removePath,
  syncDirectory,
  syncFile,
  TEMPORARY_SUFFIX,
  throwIfAborted,
  VerificationError,
  writeJsonAtomic,
  type Emit,
} from "@moonlight-rl/core";
import type { FileDigest, PublishOptions } from "../stage/context.ts";
import type { Workspace } from "../workspace/workspace.ts";
import type { Artifact, JsonObject } from "./artifact.ts";
import {
  listFolder,
  MANIFEST_FILE,
  PROVENANCE_FILE,
  realFolder,
  type FolderFile,
} from "./folder.ts";
import { HashProgress } from "./hash-progress.ts";
import {
  makeManifest,
  manifestDigest,
  readManifest,
  toArtifact,
  type Manifest,
  type ManifestFile,
} from "./manifest.ts";
import { verifyFiles } from "./verify.ts";

export interface PublishRequest extends PublishOptions {
  readonly workspace: Workspace;
  readonly kind: string;
  readonly folder: string;
  /** The folder must lie in here. */
  readonly scratch: string;
  /** Written beside the manifest; not part of the identity. */
  readonly provenance: JsonObject;
  readonly signal?: AbortSignal;
  readonly emit?: Emit;
}

/** Hashes, describes and moves a folder into the store: seen whole or not at all. */
export async function publishArtifact(request: PublishRequest): Promise<Artifact> {
  const folder = await checkFolder(request);
  await checkReserved(folder);
  const files = await describe(folder, request);
  const manifest = makeManifest(request.kind, request.kindVersion ?? 1, files, request.meta ?? {});
  const digest = manifestDigest(manifest);
  const final = join(request.workspace.store, `${manifest.kind}-${digest.slice(0, 16)}`);

  if (await reuse(final, manifest)) {
    await removePath(folder);
    return toArtifact(final, manifest);
  }
  await makeDurable(folder, manifest);
  await removeHalfWritten(folder);
  // Manifest first: a lone provenance.json is then always a file of the stage's own (see checkReserved).
  await writeJsonAtomic(join(folder, MANIFEST_FILE), manifest);
  await writeJsonAtomic(join(folder, PROVENANCE_FILE), request.provenance);
  await mkdir(request.workspace.store, { recursive: true });
  await moveIntoStore(folder, final, manifest);
  return toArtifact(final, manifest);
}

async function checkFolder({ folder, scratch }: PublishRequest): Promise<string> {
  const real = await realFolder(folder);
  if (real.startsWith((await realpath(scratch)) + sep)) return real;
  throw new MoonlightError(
    "PUBLISH_OUTSIDE_SCRATCH",
    `A stage may only publish a folder inside its scratch folder, not ${folder}.`,
    { file: folder },
  );
}

/** A manifest of ours may be left from a crash just before the move; any other file of that name is content that we would destroy. */
async function checkReserved(folder: string): Promise<void> {
  const reserved = (name: string, cause?: unknown): VerificationError =>
    new VerificationError(
      "ARTIFACT_NAME",
      `${name} is reserved for the artifact's own description.`,
      { file: join(folder, name), cause },
    );
  let manifest: Manifest | undefined;
  try {
    manifest = await readManifest(folder);
  } catch (cause) {
    throw reserved(MANIFEST_FILE, cause);
  }
  if (manifest === undefined && (await readdir(folder)).includes(PROVENANCE_FILE)) {
    throw reserved(PROVENANCE_FILE);
  }
}

/** What a crash has left beside the files is not moved into the store. */
async function removeHalfWritten(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await removePath(join(folder, name));
  }
}

async function describe(folder: string, request: PublishRequest): Promise<ManifestFile[]> {
  const files = await listFolder(folder, [MANIFEST_FILE, PROVENANCE_FILE]);
  const known = request.digests ?? {};
  const unread = files.filter((file) => known[file.path] === undefined);
  const total = unread.reduce((sum, file) => sum + file.size, 0);
  for (const path of Object.keys(known)) {
    if (files.some((file) => file.path === path)) continue;
    throw new VerificationError(
      "PUBLISH_DIGEST",
      `A digest was given for ${path}, which is not in ${folder}.`,
      { file: join(folder, path) },
    );
  }
  const described: ManifestFile[] = [];
  const progress = new HashProgress(request.kind, total, request.emit);
  for (const file of files) {
    throwIfAborted(request.signal);
    const digest = known[file.path] ?? (await hash(file, progress, request.signal));
    checkSize(file, digest);
    described.push({ path: file.path, size: file.size, sha256: digest.sha256 });
  }
  if (total > 0) progress.finish();
  return described;
}

function hash(
  file: FolderFile,
  { add: onBytes }: HashProgress,
  signal: AbortSignal | undefined,
): Promise<FileDigest> {
  return hashFile(file.absolute, { onBytes, ...(signal === undefined ? {} : { signal }) });
}

function checkSize(file: FolderFile, digest: FileDigest): void {
  if (digest.size === file.size) return;
  throw new VerificationError(
    "PUBLISH_DIGEST",
    `${file.path} has ${file.size} bytes, but ${digest.size} were hashed.`,
    { file: file.absolute },
  );
}

/** Whether the store has this artifact already, whole. */
async function reuse(final: string, manifest: Manifest): Promise<boolean> {
  try {
    const existing = await readManifest(final);
    if (existing === undefined || manifestDigest(existing) !== manifestDigest(manifest))
      return false;
    // Every byte: a copy that is made again is often one that was doubted.
    await verifyFiles(final, manifest, { digests: true });
    return true;
  } catch (error) {
    // A damaged copy is no reason to fail: it is replaced.
    if (error instanceof Error) return false;
    throw error;
  }
}

async function makeDurable(folder: string, manifest: Manifest): Promise<void> {
  const folders = new Set<string>();
  for (const file of manifest.files) {
    await syncFile(join(folder, file.path));
    for (let at = file.path; at.includes("/");) {
      at = at.slice(0, at.lastIndexOf("/"));
      folders.add(at);
    }
  }
  for (const inner of folders) await syncDirectory(join(folder, inner));
}

async function moveIntoStore(folder: string, final: string, manifest: Manifest): Promise<void> {
  try {
    await publishDirectory(folder, final);
    return;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
  // Another process was faster, or a damaged copy is in the way.
  if (await reuse(final, manifest)) {
    await removePath(folder);
    return;
  }
  const damaged = `${final}.damaged-${randomUUID().slice(0, 8)}`;
  await rename(final, damaged);
  await publishDirectory(folder, final);
  await removePath(damaged);
}
