import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { removePath } from "@moonlight-rl/core";

/** Removes what an earlier, unfinished call left in a folder and this one does not make. */
export async function keepOnly(folder: string, names: readonly string[]): Promise<void> {
  for (const name of await readdir(folder))
    if (!names.includes(name)) await removePath(join(folder, name));
}
