import { join } from "node:path";
import { VerificationError } from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import { plannedBytes, type FilePlan, type PlannedTensor } from "../transfer/file-plan.ts";
import type { ChunkSource, ShardedTensorSource, StoredChunk, StoredTensor } from "./layout.ts";
import { tilingFault } from "./region.ts";

/** A data file holds about as much: the 16B model gets the 16 files that the reference's eight processes write. */
const FILE_BYTES = 2 * 2 ** 30;

export interface DataPlan {
  readonly files: readonly FilePlan[];
  /** Every tensor with the places that its chunks will have. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

export interface DataPlanOptions {
  /** Number of data files; default: an even number, each of about 2 GiB, as processes with two writers each make them. */
  readonly files?: number | undefined;
  readonly finiteHint?: string | undefined;
  /** Put before the first chunk of the first file. */
  readonly head?: Uint8Array | undefined;
}

/**
 * Where every chunk will lie: each file holds a run of the model, in its order, so that source and target are read and
 * written front to back. Errors: `CHUNKS_INCOMPLETE`.
 */
export function planData(
  folder: string,
  tensors: readonly ShardedTensorSource[],
  { files, finiteHint, head = new Uint8Array(0) }: DataPlanOptions,
): DataPlan {
  for (const { key, shape, chunks } of tensors) {
    const fault = tilingFault(shape, chunks);
    if (fault !== undefined)
      throw new VerificationError("CHUNKS_INCOMPLETE", `Tensor ${key}: ${fault}.`, { field: key });
  }
  const total = tensors.reduce((sum, { shape, dtype }) => sum + tensorBytes(shape, dtype), 0);
  const count = files ?? Math.max(2, 2 * Math.ceil(total / (2 * FILE_BYTES)));
  const bins = Array.from({ length: count }, (_, n) => ({
    path: `__${n >> 1}_${n & 1}.distcp`,
    head: n === 0 ? head : new Uint8Array(0),
    planned: [] as PlannedTensor[],
    size: n === 0 ? head.byteLength : 0,
  }));
  let before = 0;
  const stored = tensors.map((tensor): [string, StoredTensor] => {
    const { key, dtype, shape } = tensor;
    const chunks = tensor.chunks.map((chunk): StoredChunk => {
      const bytes = tensorBytes(chunk.sizes, dtype);
      // The file in whose share of the model the chunk's middle lies.
      const share = total === 0 ? 0 : Math.floor(((before + bytes / 2) / total) * count);
      before += bytes;
      const bin = bins[Math.min(share, count - 1)] as (typeof bins)[number];
      const item = plannedChunk(tensor, chunk);
      const length = plannedBytes(item);
      const { offsets, sizes } = chunk;
      const place = { offsets, sizes, path: bin.path, offset: bin.size, length };
      bin.planned.push(item);
      bin.size += length;
      return place;
    });
    return [key, { dtype, shape, chunks }];
  });
  const plans = bins
    .filter(({ size }) => size > 0)
    .map((bin): FilePlan => {
      const hint = finiteHint === undefined ? {} : { finiteHint };
      return { path: join(folder, bin.path), head: bin.head, tensors: bin.planned, ...hint };
    });
  return { files: plans, tensors: new Map(stored) };
}

function plannedChunk({ key, dtype }: ShardedTensorSource, chunk: ChunkSource): PlannedTensor {
  const { offsets, sizes, stored } = chunk;
  return {
    name: stored?.name ?? `${key} [${offsets.join(", ")}]`,
    dtype,
    shape: sizes,
    archiveSeed: `${key}@${offsets.join(",")}`,
    content: stored ?? (() => chunk.read()),
  };
}
