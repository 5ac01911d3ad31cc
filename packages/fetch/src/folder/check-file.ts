import { digestFile } from "@moonlight-rl/hub";
import type { FolderFile } from "./source-folder.ts";

/** `unlisted`: it could be read, but nothing says what it should be. */
export type FileStatus = "ok" | "unlisted" | "missing" | "size" | "digest";

export interface CheckedFile {
  readonly path: string;
  readonly status: FileStatus;
  /** Undefined when it is not there. */
  readonly size: number | undefined;
  /** Empty when it was not read: missing, or of the wrong size. */
  readonly sha256: string;
  /** What it was compared with. */
  readonly by: "sha256" | "git" | "nothing";
}

/** Reads a file and compares it with what its folder says about it. */
export async function checkFile(
  file: FolderFile,
  options: { readonly signal: AbortSignal; readonly onBytes?: (bytes: number) => void },
): Promise<CheckedFile> {
  const { path, absolute, size, expected } = file;
  const { sha256, oid } = expected;
  const by = sha256 === undefined ? (oid === undefined ? "nothing" : "git") : "sha256";
  const base = { path, size, by, sha256: "" } as const;
  if (size === undefined) return { ...base, status: "missing" };
  if (expected.size !== undefined && expected.size !== size) return { ...base, status: "size" };
  const found = await digestFile(absolute, size, sha256 ?? oid ?? "", options);
  const status =
    sha256 === undefined && oid === undefined
      ? "unlisted"
      : (sha256 === undefined ? found.oid === oid : found.sha256 === sha256)
        ? "ok"
        : "digest";
  return { ...base, status, sha256: found.sha256 };
}

/** One sentence about a file that is not as it should be. */
export function faultText({ path, status, size }: CheckedFile, file: FolderFile): string {
  switch (status) {
    case "missing":
      return `${path} is missing`;
    case "size":
      return `${path} has ${size} bytes instead of ${file.expected.size}`;
    case "digest":
      return `${path} has another content than its ${file.expected.sha256 === undefined ? "git id" : "sha256"} says`;
    default:
      return `${path} is fine`;
  }
}
