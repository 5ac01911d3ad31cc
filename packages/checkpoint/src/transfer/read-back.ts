import { basename, dirname } from "node:path";
import { newSha256, VerificationError } from "@moonlight-rl/core";
import { readBlocks, readExactly } from "../read-range.ts";
import { ChunkReader } from "../torch-dist/chunk-reader.ts";
import { plannedBytes, type FilePlan } from "./file-plan.ts";
import { SourceFiles } from "./source-files.ts";
import type { FileDigest, Watch } from "./write-planned-file.ts";

const BLOCK = 256 << 10;

/**
 * Reads a file that was just written: archives as a loader would, with their structure and CRC; bare tensors by the digest
 * of the file. Errors: `READ_BACK`, or what reading gives (`CHUNK_CRC`, `ZIP_INVALID`, …).
 */
export async function readBack(
  plan: FilePlan,
  file: string,
  written: FileDigest,
  watch: Watch,
): Promise<void> {
  const buffer = Buffer.allocUnsafeSlow(BLOCK);
  if (plan.tensors.every(({ archiveSeed }) => archiveSeed !== undefined))
    await readArchives(plan, file, buffer, watch);
  else await readDigest(file, written, buffer, watch);
}

async function readArchives(
  plan: FilePlan,
  file: string,
  buffer: Uint8Array,
  watch: Watch,
): Promise<void> {
  const files = new SourceFiles();
  const reader = new ChunkReader(dirname(file), {}, files);
  try {
    const head = await readExactly(await files.open(file), 0, plan.head.byteLength, file);
    if (!head.equals(plan.head)) throw fault(file);
    let offset = plan.head.byteLength;
    for (const tensor of plan.tensors) {
      const { name, dtype, shape } = tensor;
      const length = plannedBytes(tensor);
      const chunk = {
        offsets: shape.map(() => 0),
        sizes: shape,
        path: basename(file),
        offset,
        length,
      };
      const stored = { dtype, shape, chunks: [chunk] };
      for await (const block of reader.blocks(name, stored, chunk, buffer)) {
        watch.checked(block.byteLength);
        await watch.pause();
      }
      offset += length;
    }
  } finally {
    await files.close();
  }
}

async function readDigest(
  file: string,
  written: FileDigest,
  buffer: Uint8Array,
  watch: Watch,
): Promise<void> {
  const files = new SourceFiles();
  const hash = newSha256();
  try {
    const handle = await files.open(file);
    for await (const block of readBlocks(handle, 0, written.size, file, buffer)) {
      hash.update(block);
      watch.checked(block.byteLength);
      await watch.pause();
    }
  } finally {
    await files.close();
  }
  if (hash.digest("hex") === written.sha256) return;
  throw fault(file);
}

function fault(file: string): VerificationError {
  return new VerificationError(
    "READ_BACK",
    `${file} reads back as other bytes than were written.`,
    {
      file,
      hint: "The disk or the memory of this machine is not reliable.",
    },
  );
}
