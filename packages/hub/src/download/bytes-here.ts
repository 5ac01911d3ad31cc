import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { RepoFile } from "../client/repo-listing.ts";
import { etagOf } from "../layout/etag.ts";
import { partialBase } from "./partial-base.ts";
import { readJournal } from "./range-journal.ts";
import type { DownloadOptions } from "./repo-download.ts";

/** Where a download would find bytes of files that need not be fetched. */
export type Places = Pick<DownloadOptions, "seed" | "contiguous"> & {
  readonly directory?: string | undefined;
};

/**
 * How many bytes of a file are on this machine already: the whole file, what an interrupted download has left of it, or a seed.
 * Nothing is read or written, so these bytes are believed; a download verifies them.
 */
export async function bytesHere(file: RepoFile, places: Places): Promise<number> {
  const { directory } = places;
  if (directory !== undefined) {
    if ((await sizeOf(join(directory, file.path))) === file.size) return file.size;
  }
  const found = [(await places.seed?.(file))?.bytes ?? 0];
  const prefix = places.contiguous?.(file);
  if (prefix !== undefined) found.push((await sizeOf(prefix)) ?? 0);
  if (directory !== undefined) {
    const base = partialBase(directory, file);
    const whole = (await sizeOf(`${base}.part`)) === file.size;
    const id = { oid: etagOf(file), size: file.size };
    if (whole) found.push((await readJournal(`${base}.ranges`, id))?.done.bytes ?? 0);
  }
  return Math.max(0, ...found.filter((bytes) => bytes <= file.size));
}

async function sizeOf(path: string): Promise<number | undefined> {
  const info = await stat(path).catch(() => undefined);
  return info?.isFile() === true ? info.size : undefined;
}
