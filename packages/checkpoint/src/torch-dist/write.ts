import { mkdir, rename } from "node:fs/promises";
import { basename, join } from "node:path";
import { onDisk, removePath, sha256, syncDirectory, writeFileAtomic } from "@moonlight-rl/core";
import { writePickle } from "../pickle/write.ts";
import { FinishedFiles } from "../transfer/finished-files.ts";
import { keepOnly } from "../transfer/keep-only.ts";
import { transferFiles, type TransferOptions } from "../transfer/transfer-files.ts";
import type { WrittenFile } from "../written-file.ts";
import { commonPickle, type PlainObject } from "./common.ts";
import {
  iterationFolder,
  TRACKER_FILE,
  type Iteration,
  type ShardedTensorSource,
} from "./layout.ts";
import { metadataPickle } from "./metadata-pickle.ts";
import { planData } from "./plan-data.ts";
import { archiveOf, emptyStateArchive } from "./tensor-archive.ts";

export interface WriteTorchDistOptions extends TransferOptions {
  readonly iteration: Iteration;
  readonly tensors: readonly ShardedTensorSource[];
  /** Attributes of the `args` namespace in `common.pt`. */
  readonly args: PlainObject;
  /** Further entries of `common.pt`. */
  readonly common?: PlainObject;
  /** Data files that the chunks are spread over; default: an even number, each of about 2 GiB. */
  readonly files?: number;
  /** Keys of empty extra states that upstream Megatron asks for (`extraStateKeys`); default none. */
  readonly extraStates?: readonly string[];
  /** Refuse NaN and infinity with `TENSOR_NOT_FINITE` and this hint; absent: any bits are written. */
  readonly finiteHint?: string;
}

const FINISHED = ".finished.json";

/**
 * Writes one iteration of a Megatron torch_dist checkpoint below `folder`, reads it back, and then points the tracker at it.
 * The iteration is built in a temporary folder and renamed; other iterations in `folder` stay. Equal input gives equal bytes.
 *
 * After a crash the same call goes on: data files that were finished from sources that have not changed since are kept.
 * Only content that lies in files (`ChunkSource.stored`) can be told to be unchanged. Errors: see `transferFiles`.
 */
export async function writeTorchDist(
  folder: string,
  options: WriteTorchDistOptions,
): Promise<WrittenFile[]> {
  const name = iterationFolder(options.iteration);
  const temporary = join(folder, `.${name}.part`);
  const keys = options.extraStates ?? [];
  const head = keys.length === 0 ? new Uint8Array(0) : emptyStateArchive();
  const { files, tensors } = planData(temporary, options.tensors, { ...options, head });
  const objects = { keys, path: "__0_0.distcp", length: head.byteLength };
  await onDisk(temporary, () => mkdir(temporary, { recursive: true }));
  const finished = await FinishedFiles.load(join(temporary, FINISHED));
  const written: WrittenFile[] = [];
  try {
    await keepOnly(temporary, [FINISHED, ...files.map(({ path }) => basename(path))]);
    const digests = await transferFiles(files, finished, options);
    for (const [i, { path }] of files.entries()) {
      const digest = digests[i];
      if (digest !== undefined) written.push({ path: basename(path), ...digest });
    }
    const put = async (path: string, content: Uint8Array | string): Promise<void> => {
      await onDisk(path, () => writeFileAtomic(join(temporary, path), content));
      written.push({ path, size: Buffer.byteLength(content), sha256: sha256(content) });
    };
    await put(
      "common.pt",
      archiveOf(commonPickle(options.iteration, options.args, options.common ?? {}), "common.pt"),
    );
    await put(".metadata", writePickle(metadataPickle(tensors, objects)));
    // Readers take a folder for a checkpoint only if this file is there.
    await put(
      "metadata.json",
      JSON.stringify({
        sharded_backend: "torch_dist",
        sharded_backend_version: 1,
        common_backend: "torch",
        common_backend_version: 1,
      }),
    );
  } catch (error) {
    // What another call can go on from stays.
    if (finished.names().length === 0) await removePath(temporary);
    throw error;
  }
  await finished.remove();
  await removePath(join(folder, name));
  await syncDirectory(temporary);
  await rename(temporary, join(folder, name));
  await syncDirectory(folder);
  const tracker = String(options.iteration);
  await writeFileAtomic(join(folder, TRACKER_FILE), tracker);
  return [
    ...written.map((file) => ({ ...file, path: `${name}/${file.path}` })),
    { path: TRACKER_FILE, size: tracker.length, sha256: sha256(tracker) },
  ];
}
