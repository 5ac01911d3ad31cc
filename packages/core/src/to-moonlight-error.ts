import { diskError } from "./disk.ts";
import { InterruptedError, isMoonlightError, MoonlightError } from "./error.ts";

/**
 * Any thrown value as a MoonlightError; a disk that is full or cannot be written is told as that, other foreign
 * errors become `UNEXPECTED`; both keep their cause.
 */
export function toMoonlightError(value: unknown): MoonlightError {
  if (isMoonlightError(value)) return value;
  if (isAbort(value)) return new InterruptedError();
  const disk = diskFault(value);
  if (disk !== undefined) return disk;
  const message = value instanceof Error ? value.message : String(value);
  return new MoonlightError("UNEXPECTED", message, {
    cause: value,
    hint: "This is a fault of ours: please report it together with the stack trace (--debug).",
  });
}

const WRITES = new Set([
  "mkdir",
  "rename",
  "link",
  "symlink",
  "unlink",
  "rmdir",
  "rm",
  "write",
  "fsync",
  "ftruncate",
  "copyfile",
]);

/** Whether the disk, and not our code, is at fault. A file that may not be opened could be one to read: that is another matter. */
function diskFault(value: unknown): MoonlightError | undefined {
  if (!(value instanceof Error)) return undefined;
  const { code, syscall, path } = value as NodeJS.ErrnoException;
  const full = ["ENOSPC", "EDQUOT", "EFBIG"].includes(code ?? "");
  const refused =
    code === "EROFS" || (["EACCES", "EPERM"].includes(code ?? "") && WRITES.has(syscall ?? ""));
  return full || refused ? diskError(path ?? "the workspace", value) : undefined;
}

function isAbort(value: unknown): boolean {
  return value instanceof Error && value.name === "AbortError";
}
