import { setMaxListeners } from "node:events";
import { open, rmdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  acquireLock,
  onDisk,
  removePath,
  requireSpace,
  TemporaryError,
  throwIfAborted,
} from "@moonlight-rl/core";
import pLimit from "p-limit";
import type { RepoFile } from "../client/repo-listing.ts";
import { encodePath } from "../protocol/file-path.ts";
import { resolvePrefix, type RepoRef } from "../protocol/repo.ts";
import { downloadFile, type FileJob, type Transfer } from "./file-download.ts";
import { partialBase, partialsFolder } from "./partial-base.ts";
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
  /** The longest that all of it may take, in milliseconds; default: as long as bytes keep coming. */
  readonly totalMs?: number;
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

/**
 * Brings the wanted files of a listing into a folder. What is there already and verifies is kept. One process at a time:
 * another one on this machine gets `LOCK_HELD`.
 */
export async function downloadListing(
  transfer: Transfer,
  listing: readonly RepoFile[],
  options: DownloadOptions,
): Promise<DownloadedRepo> {
  const partials = partialsFolder(options.directory);
  const { totalMs } = options;
  const deadline = totalMs === undefined ? undefined : AbortSignal.timeout(totalMs);
  const signals = [deadline, options.signal].filter((signal) => signal !== undefined);
  const signal = AbortSignal.any(signals);
  const lock = await onDisk(partials, () =>
    acquireLock(join(partials, "lock"), {
      what: `The download to ${options.directory}`,
      wait: false,
    }),
  );
  try {
    return await downloadLocked(transfer, listing, { ...options, signal });
  } catch (error) {
    if (deadline?.aborted !== true || options.signal?.aborted === true) throw error;
    throw new TemporaryError(
      "HUB_TOO_SLOW",
      `${options.type} ${options.repo} is not complete after ${(totalMs ?? 0) / 1000} s`,
      { cause: error, hint: "Run the same command again: it goes on where it stopped." },
    );
  } finally {
    await lock.release();
    // Partial files of other selections stay for them.
    await rmdir(partials).catch(() => undefined);
  }
}

async function downloadLocked(
  transfer: Transfer,
  listing: readonly RepoFile[],
  options: DownloadOptions & { readonly signal: AbortSignal },
): Promise<DownloadedRepo> {
  const { files, leftOut } = selectFiles(options.type, listing, options.selection);
  const total = files.reduce((sum, file) => sum + file.size, 0);
  const bytes = { total, fetched: 0, kept: 0, reread: 0 };
  const digests = new Map<string, { sha256: string; size: number }>();
  const done = new Map<string, number>();
  let sum = 0;
  const report = (file: RepoFile, fileDone: number): void => {
    sum += fileDone - (done.get(file.path) ?? 0);
    done.set(file.path, fileDone);
    options.onProgress?.({ path: file.path, fileDone, fileSize: file.size, done: sum, total });
  };

  for (const file of files) {
    throwIfAborted(options.signal);
    const kept = await verifiedFile(transfer, join(options.directory, file.path), file);
    if (kept === undefined) continue;
    // A kill between the last rename and the tidying up leaves these.
    const leftover = partialBase(options.directory, file);
    await Promise.all([".part", ".ranges"].map((suffix) => removePath(leftover + suffix)));
    digests.set(file.path, { sha256: kept, size: file.size });
    bytes.kept += file.size;
    bytes.reread += file.size;
    report(file, file.size);
  }
  const wanted = files.filter((file) => !digests.has(file.path));
  const lacking = await lackingBytes(wanted, options.directory);
  await requireSpace(options.directory, lacking, "the download");

  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, options.signal]);
  setMaxListeners(0, signal);
  // Never more open files than requests, so that a repository of thousands needs no more handles.
  const openFiles = pLimit(transfer.lanes.max);
  const fetchOne = async (file: RepoFile): Promise<void> => {
    throwIfAborted(signal);
    const result = await downloadFile(
      transfer,
      {
        ...jobOf(transfer, file, options),
        contiguous: options.contiguous?.(file),
        seed: await options.seed?.(file),
      },
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
  return { commit: options.commit, files: Object.fromEntries(digests), leftOut, bytes };
}

function jobOf({ http }: Transfer, file: RepoFile, options: DownloadOptions): FileJob {
  return {
    file,
    url: http.address(
      `/${resolvePrefix(options.type)}${options.repo}/resolve/${options.commit}/${encodePath(file.path)}`,
    ),
    target: join(options.directory, file.path),
    directory: options.directory,
    partial: partialBase(options.directory, file),
    purpose: `${file.path} of ${options.type} ${options.repo}`,
  };
}

/** The sha256 of a file that is there and is the listed one. */
async function verifiedFile(
  { threads }: Transfer,
  path: string,
  file: RepoFile,
): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true || info.size !== file.size) return undefined;
  const handle = await open(path);
  const hash = threads.open(file.size, file.lfs === undefined);
  try {
    await hash.read(handle.fd, 0, file.size);
    const digests = await hash.digest();
    const same =
      file.lfs === undefined ? digests.blobSha1 === file.oid : digests.sha256 === file.lfs.oid;
    return same ? digests.sha256 : undefined;
  } finally {
    hash.drop();
    await handle.close();
  }
}

/** Disk that the rest will take: partial files are sparse, so only their blocks count as there. */
async function lackingBytes(files: readonly RepoFile[], directory: string): Promise<number> {
  let sum = 0;
  for (const file of files) {
    const info = await stat(`${partialBase(directory, file)}.part`).catch(() => undefined);
    sum += Math.max(0, file.size - (info === undefined ? 0 : info.blocks * 512));
  }
  return sum;
}
