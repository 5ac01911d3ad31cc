import { open, rm } from "node:fs/promises";
import { join } from "node:path";

const BLOCK_BYTES = 4 << 20;

/**
 * Fills so many bytes of a RAM disk once and frees them. In a virtual machine the first touch of a page costs several times what
 * later ones do, and all of that would fall on the contender that comes first.
 */
export async function warmRamDisk(
  folder: string,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const path = join(folder, "warm");
  const block = new Uint8Array(BLOCK_BYTES).fill(1);
  try {
    const file = await open(path, "wx");
    try {
      for (let done = 0; done < bytes; done += BLOCK_BYTES) {
        signal.throwIfAborted();
        await file.write(block);
      }
    } finally {
      await file.close();
    }
  } finally {
    await rm(path, { force: true });
  }
}
