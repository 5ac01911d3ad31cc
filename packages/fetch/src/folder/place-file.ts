import { access, constants, copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";

/** How a file came to its place: sharing its blocks, being the same file, or copied. */
export type Placement = "cloned" | "linked" | "copied";

/** Larger files are linked where they cannot be cloned. */
const LINKED_BYTES = 16 << 20;

/**
 * Puts a file's content at `target` without a second copy where the file system can: a clone of its blocks, else a hard link,
 * else a copy. A file that is there already is replaced.
 */
export async function placeFile(source: string, target: string): Promise<Placement> {
  await mkdir(dirname(target), { recursive: true });
  await rm(target, { force: true });
  try {
    await copyFile(source, target, constants.COPYFILE_FICLONE_FORCE);
    return "cloned";
  } catch {
    // Few file systems can; what is wrong otherwise, the copy will say.
    await rm(target, { force: true });
  }
  const { size } = await stat(source);
  try {
    // Somebody may edit a small file in place, and an artifact must not change.
    if (size < LINKED_BYTES) throw new Error("small");
    // A published file is flushed through a writable handle; what we may not write, we copy.
    await access(source, constants.W_OK);
    await link(source, target);
    return "linked";
  } catch {
    await copyFile(source, target);
    return "copied";
  }
}
