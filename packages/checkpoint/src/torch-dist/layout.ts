import type { Dtype } from "../dtype.ts";
import type { TensorContent } from "../tensor-source.ts";
import type { StoredContent } from "../transfer/stored-content.ts";

/** A box within a tensor: first index and extent along each axis. */
export interface Region {
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

/** A stored chunk: the region that it holds and where its archive is. */
export interface StoredChunk extends Region {
  /** Relative to the iteration's folder. */
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

/** A tensor of a torch_dist checkpoint. */
export interface StoredTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly chunks: readonly StoredChunk[];
}

/** A chunk to be written. */
export interface ChunkSource extends Region {
  /** Called once, when its turn has come. */
  read(): TensorContent;
  /** Where the bytes lie, if they lie in files: then threads copy them, as the tensor's dtype, and `read` is not called. */
  readonly stored?: StoredContent;
}

/** A tensor to be written; its chunks must tile its shape. */
export interface ShardedTensorSource {
  readonly key: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly chunks: readonly ChunkSource[];
}

export type Iteration = number | "release";

/** Name of the folder of an iteration: `release` or `iter_0000019`. */
export function iterationFolder(iteration: Iteration): string {
  return iteration === "release" ? "release" : `iter_${String(iteration).padStart(7, "0")}`;
}

/** Names the newest complete iteration; written last, so it is also the completion marker. */
export const TRACKER_FILE = "latest_checkpointed_iteration.txt";
