import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { apiSegment, type RepoType } from "../protocol/repo.ts";

/** Bytes that look random and are the same every time. */
export function seededBytes(size: number, seed = 1): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < size; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 0xff;
  }
  return bytes;
}

/** Writes a repository below a hub folder: `root/models/<org>/<name>/…`. */
export async function makeRepo(
  root: string,
  type: RepoType,
  repo: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(root, apiSegment(type), repo, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
