import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeFileAtomic } from "@moonlight-rl/core";
import type { AssetFile } from "./data/datasets.ts";

/** Writes asset files below a folder, each atomically. */
export async function writeAssets(folder: string, files: readonly AssetFile[]): Promise<void> {
  for (const { path, content } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFileAtomic(file, content);
  }
}
