import { crc32 } from "node:zlib";
import { VerificationError, type Sha256 } from "@moonlight-rl/core";
import { firstNonFinite, itemSize, tensorBytes } from "../dtype.ts";
import { recast, wholeElements } from "../recast.ts";
import { contentBlocks } from "../tensor-source.ts";
import { frameTensor } from "../torch-dist/tensor-archive.ts";
import { checkArchives } from "./check-archives.ts";
import { ContentReader } from "./content-reader.ts";
import type { FilePlan, PlannedTensor } from "./file-plan.ts";
import { HashedFile } from "./hashed-file.ts";
import type { StoredContent } from "./stored-content.ts";

/** What work on a file tells, and is told. */
export interface Watch {
  /** Bytes of content that were written and read back. */
  wrote(bytes: number): void;
  /** Lets others run. Errors: `INTERRUPTED`, when the work was called off. */
  pause(): Promise<void>;
}

/** Fits the cache of a core: a block is read, checked, hashed, written and read back while it is there. */
const BLOCK = 256 << 10;

export interface FileDigest {
  readonly size: number;
  readonly sha256: Sha256;
}

/**
 * Writes a file in order, in blocks, each read back, under a temporary name; makes it durable and meanwhile checks its
 * structure; gives it its own name. Complete or absent.
 */
export async function writePlannedFile(plan: FilePlan, watch: Watch): Promise<FileDigest> {
  const file = await HashedFile.create(plan.path);
  const reader = new ContentReader(BLOCK);
  try {
    file.write(plan.head);
    for (const tensor of plan.tensors) await writeTensor(file, tensor, plan, reader, watch);
    await reader.checkUnchanged();
    const synced = file.sync();
    // A failed check must not leave the other promise without a listener.
    synced.catch(() => undefined);
    await checkArchives(plan, file.temporary, watch);
    await synced;
    await file.finish();
    return file.digest();
  } catch (error) {
    await file.abandon();
    throw error;
  } finally {
    await reader.close();
  }
}

async function writeTensor(
  file: HashedFile,
  tensor: PlannedTensor,
  { path, finiteHint }: FilePlan,
  reader: ContentReader,
  watch: Watch,
): Promise<void> {
  const { name, dtype, shape, archiveSeed, content } = tensor;
  const frame = archiveSeed === undefined ? undefined : frameTensor(shape, dtype, archiveSeed);
  if (frame !== undefined) file.write(frame.prefix);
  const wanted = tensorBytes(shape, dtype);
  let [crc, done] = [0, 0];
  for await (const block of blocksOf(content, tensor, reader)) {
    if (finiteHint !== undefined) checkFinite(block, done, tensor, finiteHint);
    if (frame !== undefined) crc = crc32(block, crc);
    file.write(block);
    done += block.byteLength;
    if (done > wanted) break;
    watch.wrote(block.byteLength);
    await watch.pause();
  }
  if (done !== wanted) {
    throw new VerificationError(
      "TENSOR_SIZE",
      `${name}: the source gave ${done > wanted ? "more than" : `${done} of`} the ${wanted} bytes that ${dtype} [${shape.join(", ")}] has.`,
      { field: name, file: path },
    );
  }
  if (frame !== undefined) file.write(frame.suffix(crc));
}

function blocksOf(
  content: PlannedTensor["content"],
  { dtype }: PlannedTensor,
  reader: ContentReader,
): AsyncIterable<Uint8Array> {
  if (typeof content === "function")
    return wholeElements(contentBlocks(content()), itemSize(dtype));
  const blocks = reader.blocks(content);
  return content.dtype === dtype ? blocks : recast(blocks, content.dtype, dtype);
}

function checkFinite(
  block: Uint8Array,
  before: number,
  { name, dtype, content }: PlannedTensor,
  hint: string,
): void {
  const index = firstNonFinite(block, dtype);
  if (index === undefined) return;
  const element = before / itemSize(dtype) + index;
  throw new VerificationError(
    "TENSOR_NOT_FINITE",
    `${name} holds NaN or infinity (element ${element}).`,
    { field: name, hint, ...(typeof content === "function" ? {} : placeOf(content, element)) },
  );
}

function placeOf(
  { dtype, place }: StoredContent,
  element: number,
): { file: string; byteOffset?: number } {
  return place.type === "range"
    ? { file: place.file, byteOffset: place.offset + element * itemSize(dtype) }
    : { file: place.folder };
}
