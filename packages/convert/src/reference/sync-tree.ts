import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory, syncFile } from "@moonlight-rl/core";

/** Makes a folder that another program has written durable: every file, then the folders. */
export async function syncTree(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await syncFile(path);
  }
  await syncDirectory(folder);
}
