import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { hashFile, VerificationError } from "@moonlight-rl/core";
import { isArtifact, isSymbolic, type Artifact } from "./artifact.ts";

/** A file of a folder that was hashed where it lies. */
export interface LookedAt {
  /** What it looked like before it was read. */
  readonly stamp: string;
  readonly sha256: string;
}

const LOOKED_AT = new Map<string, ReadonlyMap<string, LookedAt>>();

const keyOf = ({ path, digest }: Artifact): string => `${digest} ${path}`;

/** Notes what a folder's files were when its digest was made, by path, for `requireUnchanged`. */
export function noteFiles(artifact: Artifact, files: ReadonlyMap<string, LookedAt>): void {
  LOOKED_AT.set(keyOf(artifact), files);
}

/**
 * Whether the folders among a stage's inputs still hold what their digests were made of: what was made from anything else
 * must not be found under that key. Only what looks otherwise is read again. Errors: `ARTIFACT_CHANGED`.
 */
export async function requireUnchanged(input: unknown): Promise<void> {
  for (const artifact of artifactsIn(input)) {
    for (const [path, seen] of LOOKED_AT.get(keyOf(artifact)) ?? []) {
      const file = join(artifact.path, path);
      if (await isUnchanged(file, seen)) continue;
      throw new VerificationError(
        "ARTIFACT_CHANGED",
        `${file} has changed since it was looked at, so nothing that was made from it is kept.`,
        {
          file,
          hint: "Put it back as it was, and the same command goes on; or run it again for what is there now.",
        },
      );
    }
  }
}

async function isUnchanged(file: string, { stamp, sha256 }: LookedAt): Promise<boolean> {
  const now = await stampOf(file).catch(() => undefined);
  if (now === undefined) return false;
  // Also a new name elsewhere (cp -l) changes the stamp.
  return (stamp !== "" && now === stamp) || (await hashFile(file)).sha256 === sha256;
}

/** Changes whenever the file may have: the same test that git's index uses. */
export async function stampOf(path: string): Promise<string> {
  const status = await lstat(path, { bigint: true });
  // A link's own times do not tell whether its target changed: such files are always read.
  if (status.isSymbolicLink()) return "";
  return [status.dev, status.ino, status.size, status.mtimeNs, status.ctimeNs].join(":");
}

function artifactsIn(value: unknown): Artifact[] {
  if (typeof value !== "object" || value === null || isSymbolic(value)) return [];
  return isArtifact(value) ? [value] : Object.values(value).flatMap(artifactsIn);
}
