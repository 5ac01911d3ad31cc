import type { Dtype } from "../dtype.ts";
import type { Region } from "../torch-dist/layout.ts";
import type { PlainObject } from "../torch-dist/common.ts";
import type { TorchDist } from "../torch-dist/open.ts";

/** A part of a tensor that lies in one piece in one file. */
export interface TensorPart extends Region {
  /** Relative to the checkpoint's folder. */
  readonly file: string;
}

/** A tensor of either format; its parts tile it. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly parts: readonly TensorPart[];
}

/** Named tensors on disk, whatever the format. */
export interface TensorStore {
  readonly format: "safetensors" | "torch_dist";
  /** The folder that `file` of a part is relative to. */
  readonly folder: string;
  /** `config.json` beside safetensors, where there is one. */
  readonly configFile?: string;
  /** Of a torch_dist checkpoint: its iteration, the training's arguments, the keys that are no tensors of a known dtype. */
  readonly checkpoint?: TorchDist;
  readonly args?: PlainObject;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** A region of a tensor in row-major blocks of at most 8 MiB, checked on the way. With a `buffer` all have its memory. */
  blocks(name: string, region: Region, buffer?: Uint8Array): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
