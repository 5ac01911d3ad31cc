import { setMaxListeners } from "node:events";
import { copyFile, mkdir, rmdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { constants, createReadStream } from "node:fs";
import { removePath, requireSpace, sha256, throwIfAborted } from "@moonlight-rl/core";
import pLimit from "p-limit";
import type { RepoFile } from "../client/repo-listing.ts";
import { encodePath } from "../protocol/file-path.ts";
import { resolvePrefix, type RepoRef } from "../protocol/repo.ts";
import { ContentHash } from "./content-hash.ts";
import { downloadFile, type FileJob, type Transfer } from "./file-download.ts";
import { selectFiles, type Selection } from "./selection.ts";

export interface DownloadProgress {
  /** The file that moved. */
  readonly path: string;
  readonly fileDone: number;
  readonly fileSize: number;
  /** Bytes of all wanted files that are on the disk. */
  readonly done: number;
  readonly total: number;
}

export interface DownloadOptions extends RepoRef {
  /** Full commit id, from `resolveRevision`. */
  readonly commit: string;
  /** Where the files go. Partial files lie in `<directory>.part/` until they are verified. */
  readonly directory: string;
  readonly selection?: Selection;
  /** Files of the commit, when `listFiles` has told them already. */
  readonly listing?: readonly RepoFile[];
  /** A local file whose first bytes are believed to be the content's; verified like any other bytes. */
  readonly seed?: (
    file: RepoFile,
  ) => Promise<{ readonly path: string; readonly bytes: number } | undefined>;
  /** A path where at every instant only a contiguous prefix of the content lies. */
  readonly contiguous?: (file: RepoFile) => string | undefined;
  readonly onProgress?: (progress: DownloadProgress) => void;
  readonly onWarning?: (warning: { readonly code: string; readonly message: string }) => void;
  readonly signal?: AbortSignal;
}

export interface DownloadedRepo {
  readonly commit: string;
  /** By path below `directory`; all of them verified in this call. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly size: number }>>;
  readonly leftOut: readonly RepoFile[];
  /** `fetched` over the network, `kept` from an earlier call, `reread` for the digests of what was kept. */
  readonly bytes: { total: number; fetched: number; kept: number; reread: number };
}

/** Brings the wanted files of a listing into a folder. What is there already and verifies is kept. */
export async function downloadListing(
  transfer: Transfer,
  listing: readonly RepoFile[],
  options: DownloadOptions,
): Promise<DownloadedRepo> {
  const { files, leftOut } = selectFiles(options.type, listing, options.selection);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const bytes = { total, fetched: 0, kept: 0, reread: 0 };
  const digests = new Map<string, { sha256: string; size: number }>();
  const done = new Map<string, number>();
  const partials = `${options.directory}.part`;
  const report = (file: RepoFile, fileDone: number): void => {
    done.set(file.path, fileDone);
    let sum = 0;
    for (const value of done.values()) sum += value;
    options.onProgress?.({ path: file.path, fileDone, fileSize: file.size, done: sum, total });
  };

  for (const file of files) {
    throwIfAborted(options.signal);
    const kept =
      (await verifiedFile(join(options.directory, file.path), file)) ??
      (await seeded(join(options.directory, file.path), file, options));
    if (kept === undefined) continue;
    // A kill between the last rename and the tidying up leaves these.
    const leftover = join(partials, partialName(file));
    await Promise.all([".part", ".ranges"].map((suffix) => removePath(leftover + suffix)));
    digests.set(file.path, { sha256: kept, size: file.size });
    bytes.kept += file.size;
    bytes.reread += file.size;
    report(file, file.size);
  }
  const wanted = files.filter((file) => !digests.has(file.path));
  const lacking = await lackingBytes(wanted, partials);
  await requireSpace(options.directory, lacking, "the download");

  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...(options.signal ? [options.signal] : [])]);
  setMaxListeners(0, signal);
  const openFiles = pLimit(transfer.limit.concurrency);
  const fetchOne = async (file: RepoFile): Promise<void> => {
    throwIfAborted(signal);
    const result = await downloadFile(
      transfer,
      jobOf(transfer, file, options, partials),
      {
        onBytes: (value) => {
          report(file, value);
        },
        onReread: (value) => {
          bytes.reread += value;
        },
        ...(options.onWarning === undefined ? {} : { onWarning: options.onWarning }),
      },
      signal,
    );
    bytes.fetched += result.fetched;
    bytes.kept += Math.max(0, file.size - result.fetched);
    digests.set(file.path, { sha256: result.sha256, size: result.size });
  };
  let cause: { readonly error: unknown } | undefined;
  await Promise.all(
    wanted.map((file) =>
      openFiles(() => fetchOne(file)).catch((error: unknown) => {
        // The others only say that they were interrupted, so the first one is the one to tell.
        cause ??= { error };
        failed.abort();
      }),
    ),
  );
  if (cause !== undefined) throw cause.error;
  await removeIfEmpty(partials);
  return { commit: options.commit, files: Object.fromEntries(digests), leftOut, bytes };
}

function jobOf(
  { http }: Transfer,
  file: RepoFile,
  options: DownloadOptions,
  partials: string,
): FileJob {
  return {
    file,
    url: http.address(
      `/${resolvePrefix(options.type)}${options.repo}/resolve/${options.commit}/${encodePath(file.path)}`,
    ),
    target: join(options.directory, file.path),
    partial: join(partials, partialName(file)),
    purpose: `${file.path} of ${options.type} ${options.repo}`,
  };
}

/** Partial files of other selections stay for them. */
async function removeIfEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined);
}

/** A flat, safe name for a path of any depth and spelling. */
function partialName(file: RepoFile): string {
  return sha256(file.path).slice(0, 32);
}

/** The sha256 of a file whose whole content a seed had. */
async function seeded(
  target: string,
  file: RepoFile,
  { seed }: DownloadOptions,
): Promise<string | undefined> {
  const found = await seed?.(file);
  if (found?.bytes !== file.size) return undefined;
  const sha256 = await verifiedFile(found.path, file);
  if (sha256 === undefined) return undefined;
  await mkdir(dirname(target), { recursive: true });
  await copyFile(found.path, target, constants.COPYFILE_FICLONE);
  return sha256;
}

/** The sha256 of a file that is there and is the listed one. */
async function verifiedFile(path: string, file: RepoFile): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true || info.size !== file.size) return undefined;
  const hash = new ContentHash(file.size, file.lfs === undefined);
  let offset = 0;
  for await (const value of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const block = value as Buffer;
    hash.offer(offset, block);
    offset += block.length;
  }
  const digests = hash.digest();
  const same =
    file.lfs === undefined ? digests.blobSha1 === file.oid : digests.sha256 === file.lfs.oid;
  return same ? digests.sha256 : undefined;
}

/** Disk that the rest will take: partial files are sparse, so only their blocks count as there. */
async function lackingBytes(files: readonly RepoFile[], partials: string): Promise<number> {
  let sum = 0;
  for (const file of files) {
    const info = await stat(join(partials, `${partialName(file)}.part`)).catch(() => undefined);
    sum += Math.max(0, file.size - (info === undefined ? 0 : info.blocks * 512));
  }
  return sum;
}
