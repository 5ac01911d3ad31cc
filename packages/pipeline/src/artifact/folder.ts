import { readdir, realpath, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { PreflightError, TEMPORARY_SUFFIX, VerificationError } from "@moonlight-rl/core";

/** Files at an artifact's root that describe it and are not part of its content. */
export const MANIFEST_FILE = "manifest.json";
export const PROVENANCE_FILE = "provenance.json";

export interface FolderFile {
  /** Path relative to the folder, with forward slashes. */
  readonly path: string;
  readonly absolute: string;
  readonly size: number;
}

/**
 * All files of a folder, sorted by path; `skip` leaves out top-level entries. Half-written files that a crash
 * has left are left out too.
 * Symbolic links that leave the folder, links to folders, special files and unportable names are refused.
 */
export async function listFolder(
  folder: string,
  skip: readonly string[] = [],
): Promise<FolderFile[]> {
  const root = await realFolder(folder);
  const files: FolderFile[] = [];
  const walk = async (at: string): Promise<void> => {
    for (const entry of await readdir(at, { withFileTypes: true })) {
      const absolute = join(at, entry.name);
      const path = relative(root, absolute).split(sep).join("/");
      if (skip.includes(path) || entry.name.endsWith(TEMPORARY_SUFFIX)) continue;
      checkFileName(path, absolute);
      if (entry.isDirectory()) await walk(absolute);
      else if (entry.isFile() || entry.isSymbolicLink()) {
        if (entry.isSymbolicLink()) await checkLink(root, path, absolute);
        const status = await stat(absolute);
        if (!status.isFile()) throw oddFile(path, absolute);
        files.push({ path, absolute, size: status.size });
      } else throw oddFile(path, absolute);
    }
  };
  await walk(root);
  return files.sort((a, b) => compare(a.path, b.path));
}

/** Order of UTF-16 code units: the same on every machine, whatever its locale. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The real path of a folder, or a coded error when there is none. */
export async function realFolder(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (cause) {
    throw new PreflightError(
      "FOLDER_UNREADABLE",
      `Cannot read folder ${path}: ${(cause as Error).message}`,
      { file: path, cause },
    );
  }
  throw new PreflightError("FOLDER_UNREADABLE", `${path} is not a folder.`, { file: path });
}

/** Whether a relative manifest path is portable and stays inside its folder. */
export function isSafePath(path: string): boolean {
  return path.split("/").every(
    (segment) =>
      segment !== "" &&
      segment !== "." &&
      segment !== ".." &&
      Buffer.byteLength(segment) <= 255 &&
      // oxlint-disable-next-line no-control-regex -- control characters are what is refused
      !/[\u0000-\u001F\u007F\\]/.test(segment),
  );
}

function checkFileName(path: string, absolute: string): void {
  if (isSafePath(path)) return;
  throw new VerificationError(
    "ARTIFACT_NAME",
    `Not a portable file name: ${JSON.stringify(path)}.`,
    { file: absolute, hint: "Names may not hold control characters or backslashes." },
  );
}

async function checkLink(root: string, path: string, absolute: string): Promise<void> {
  let target: string | undefined;
  try {
    target = await realpath(absolute);
  } catch {
    // A dangling link has no target; it is refused below.
  }
  if (target?.startsWith(root + sep)) return;
  throw new VerificationError("ARTIFACT_SYMLINK", `${path} is a symbolic link out of its folder.`, {
    file: absolute,
    hint: "Copy the folder with its links followed (cp -RL) and use the copy.",
  });
}

function oddFile(path: string, absolute: string): VerificationError {
  return new VerificationError("ARTIFACT_FILE_TYPE", `${path} is not a regular file.`, {
    file: absolute,
  });
}
