import { basename, dirname } from "node:path";
import { ChunkReader } from "../torch-dist/chunk-reader.ts";
import { plannedBytes, type FilePlan } from "./file-plan.ts";
import { SourceFiles } from "./source-files.ts";
import type { Watch } from "./write-planned-file.ts";

/**
 * Finds every archive of a file that was just written as a loader would: its directory, its pickle, where its bytes lie. The
 * bytes themselves were compared when they were written. Errors: what reading gives (`ZIP_INVALID`, `CHUNK_MISMATCH`, …).
 */
export async function checkArchives(
  { tensors, head }: FilePlan,
  file: string,
  watch: Watch,
): Promise<void> {
  const files = new SourceFiles();
  const reader = new ChunkReader(dirname(file), {}, files);
  let offset = head.byteLength;
  try {
    for (const tensor of tensors) {
      const { name, dtype, shape, archiveSeed } = tensor;
      const length = plannedBytes(tensor);
      const place = { path: basename(file), offset, length };
      const chunk = { offsets: shape.map(() => 0), sizes: shape, ...place };
      if (archiveSeed !== undefined) {
        await reader.open(name, { dtype, shape, chunks: [chunk] }, chunk);
        await watch.pause();
      }
      offset += length;
    }
  } finally {
    await files.close();
  }
}
