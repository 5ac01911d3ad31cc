import { createHash } from "node:crypto";
import { basename } from "node:path";
import { digestOf, type Sha256 } from "@moonlight-rl/core";
import { tensorBytes, type Dtype } from "../dtype.ts";
import type { TensorContent } from "../tensor-source.ts";
import { frameTensor } from "../torch-dist/tensor-archive.ts";
import type { StoredContent } from "./stored-content.ts";

/** A tensor, or a chunk of one, as it will lie in a file. */
export interface PlannedTensor {
  /** What errors call it. */
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Wrapped in a torch.save archive with the id that this seed gives; absent: bare bytes. */
  readonly archiveSeed?: string;
  readonly content: StoredContent | (() => TensorContent);
}

/** A file whose every offset is known before its first byte is written. */
export interface FilePlan {
  /** Absolute path. */
  readonly path: string;
  /** What comes before the first tensor. */
  readonly head: Uint8Array;
  readonly tensors: readonly PlannedTensor[];
  /** Refuse NaN and infinity, and give this hint; absent: any bits are written. */
  readonly finiteHint?: string;
}

/** Bytes that the tensor takes in its file. */
export function plannedBytes({ shape, dtype, archiveSeed }: PlannedTensor): number {
  return archiveSeed === undefined
    ? tensorBytes(shape, dtype)
    : frameTensor(shape, dtype, archiveSeed).totalSize;
}

/** Bytes of the whole file. */
export function fileBytes({ head, tensors }: FilePlan): number {
  return tensors.reduce((sum, tensor) => sum + plannedBytes(tensor), head.byteLength);
}

/** Bytes of the tensors alone. */
export function contentBytes({ tensors }: FilePlan): number {
  return tensors.reduce((sum, { shape, dtype }) => sum + tensorBytes(shape, dtype), 0);
}

/** A plan whose content lies in files; threads can carry it out, and a finished file can be told from an outdated one. */
export interface StoredFilePlan extends FilePlan {
  readonly tensors: readonly (PlannedTensor & { readonly content: StoredContent })[];
}

export function isStored(plan: FilePlan): plan is StoredFilePlan {
  return plan.tensors.every(({ content }) => typeof content !== "function");
}

/** Raise when the bytes of an equal plan become others. */
const LAYOUT = 1;

/** Equal for plans that give the same file from the same, unchanged source files. */
export function planDigest({ path, head, tensors, finiteHint }: StoredFilePlan): Sha256 {
  return digestOf({
    layout: LAYOUT,
    name: basename(path),
    head: createHash("sha256").update(head).digest("hex"),
    finite: finiteHint !== undefined,
    tensors: tensors.map(({ name, dtype, shape, archiveSeed, content }) => ({
      name,
      dtype,
      shape,
      archiveSeed: archiveSeed ?? null,
      content,
    })),
  });
}
