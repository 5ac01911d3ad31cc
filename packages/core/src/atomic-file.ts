import { randomUUID } from "node:crypto";
import { open, rename, rm, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { canonicalJson } from "./json.ts";

/** Ends the names of files that are still being written; what a crash leaves of them is never content. */
export const TEMPORARY_SUFFIX = ".moonlight-tmp";

/** Writes a whole file so that readers see the old content or the new, never a part (temp + fsync + rename). */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomUUID()}${TEMPORARY_SUFFIX}`;
  try {
    const handle = await open(temporary, "wx");
    try {
      await handle.writeFile(data);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** `writeFileAtomic` of pretty, key-sorted JSON with a final newline. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(JSON.parse(canonicalJson(value)), null, 2) + "\n");
}

/** Makes a finished temporary folder visible under its final name. The folder's files must be fsynced already. */
export async function publishDirectory(temporary: string, final: string): Promise<void> {
  await syncDirectory(temporary);
  await rename(temporary, final);
  await syncDirectory(dirname(final));
}

/** Flushes a folder's entries, so that a rename within it survives a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems cannot sync a folder; the rename is then as durable as they make it.
    if (
      !["EINVAL", "EPERM", "EISDIR", "ENOTSUP"].includes(
        (error as NodeJS.ErrnoException).code ?? "",
      )
    )
      throw error;
  } finally {
    await handle.close();
  }
}

export async function syncFile(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Removes a file or a folder tree; nothing there is fine. */
export async function removePath(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}
