import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import { z } from "zod";
import type { RepoFile } from "../client/repo-listing.ts";
import { unsafePath } from "../protocol/file-path.ts";
import { isCommit } from "../protocol/repo.ts";

const size = z.int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const schema = z.object({
  format_version: z.literal(1),
  files: z.record(
    z.string().refine((path) => unsafePath(path) === undefined, "not a safe path"),
    z.object({
      size,
      blob_id: z.string().regex(/^[0-9a-f]{40}$/),
      lfs_sha256: sha256.nullish(),
      lfs_size: size.nullish(),
    }),
  ),
});

/** `trees/<commit>.json` below a repository's cache folder or a `--local-dir`: the whole listing of a commit. */
export function treeFile(folder: string, commit: string): string {
  return join(folder, "trees", `${commit}.json`);
}

/** The listing that Hugging Face's tools or we have left; undefined when there is none that can be read. */
export async function readTree(folder: string, commit: string): Promise<RepoFile[] | undefined> {
  if (!isCommit(commit)) return undefined;
  try {
    const tree = schema.parse(JSON.parse(await readFile(treeFile(folder, commit), "utf8")));
    return Object.entries(tree.files).map(([path, file]) => {
      const oid = file.blob_id;
      if (typeof file.lfs_sha256 !== "string") return { path, size: file.size, oid };
      const bytes = file.lfs_size ?? file.size;
      return { path, size: bytes, oid, lfs: { oid: file.lfs_sha256, size: bytes } };
    });
  } catch {
    // A listing is a convenience: a broken one, or one of a later format, is asked for again.
    return undefined;
  }
}

/** Leaves a listing, so that the same commit can be looked at offline, by us and by Hugging Face's tools. */
export async function writeTree(
  folder: string,
  commit: string,
  listing: readonly RepoFile[],
): Promise<void> {
  const files = listing.map(({ path, size, oid, lfs }): [string, object] => [
    path,
    {
      size,
      blob_id: oid,
      ...(lfs === undefined ? {} : { lfs_sha256: lfs.oid, lfs_size: lfs.size }),
    },
  ]);
  files.sort(([a], [b]) => (a < b ? -1 : 1));
  const path = treeFile(folder, commit);
  await mkdir(dirname(path), { recursive: true });
  const tree = { format_version: 1, files: Object.fromEntries(files) };
  await writeFileAtomic(path, JSON.stringify(tree, null, 1));
}
