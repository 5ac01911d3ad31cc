import { mkdir, statfs } from "node:fs/promises";
import { isMoonlightError, MoonlightError, PreflightError } from "./error.ts";
import { formatBytes } from "./format.ts";

/** Room that is left alone: journals, folders, other people. */
const RESERVE = 64 << 20;

/** Makes the folder and refuses with `DISK_FULL` when it cannot take `bytes` more; `what` ("the download") needs them. */
export async function requireSpace(folder: string, bytes: number, what: string): Promise<void> {
  await onDisk(folder, async () => {
    await mkdir(folder, { recursive: true });
    const info = await statfs(folder);
    const free = info.bavail * info.bsize;
    if (free >= bytes + RESERVE) return;
    throw new PreflightError(
      "DISK_FULL",
      `${folder} has ${formatBytes(free)} free, ${what} needs ${formatBytes(bytes + RESERVE)}`,
      { file: folder, hint: "Free some space or choose a workspace on a larger disk." },
    );
  });
}

/** ENOENT is what making a folder in a read-only file system gives. */
const UNWRITABLE = new Set([
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOENT",
  "ENOTDIR",
  "EEXIST",
  "ENAMETOOLONG",
]);

/** Runs file system work; its failures get our codes: `DISK_FULL`, `DISK_UNWRITABLE`, `DISK_FAILED`. */
export async function onDisk<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw diskError(file, cause);
  }
}

/** `onDisk` for work that does not wait. */
export function onDiskSync<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw diskError(file, cause);
  }
}

export function diskError(file: string, cause: unknown): MoonlightError {
  if (isMoonlightError(cause)) return cause;
  const { code, message } = cause as NodeJS.ErrnoException;
  // EFBIG: the file system, or ulimit -f, has no room for so large a file.
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG")
    return new PreflightError("DISK_FULL", `No space left for ${file} (${code})`, {
      file,
      cause,
      hint: "Free some space and run the same command again: it goes on where it stopped.",
    });
  if (UNWRITABLE.has(code ?? ""))
    return new PreflightError("DISK_UNWRITABLE", `Cannot write ${file}: ${message}`, {
      file,
      cause,
      hint: "Check who owns the folder and whether the disk is mounted for writing.",
    });
  return new MoonlightError("DISK_FAILED", `${file}: ${message}`, {
    file,
    cause,
    ...(code === "EMFILE" ? { hint: "Raise the limit of open files: ulimit -n 4096." } : {}),
  });
}
