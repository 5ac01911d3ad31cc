import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, sha256, writeJsonAtomic, type Json } from "@moonlight-rl/core";
import { z } from "zod";
import type { AssetFile } from "./data/datasets.ts";

/**
 * Puts one part into the assets' `provenance.json` and leaves the other as it is. Call it once the files are written: a
 * crash in between leaves digests that no longer fit, which the tests of tiny-moonlight notice.
 */
export async function recordProvenance(
  folder: string,
  part: "datasets" | "tokenizer",
  record: { readonly [key: string]: Json },
  files: readonly AssetFile[],
): Promise<void> {
  const file = join(folder, "provenance.json");
  const before = existsSync(file)
    ? await readJson(file, z.record(z.string(), z.json()), { what: "provenance.json" })
    : {};
  const digests = files.map(({ path, content }) => ({
    path,
    sha256: sha256(content),
    size: Buffer.byteLength(content),
  }));
  await writeJsonAtomic(file, { ...before, [part]: { ...record, files: digests } });
}
