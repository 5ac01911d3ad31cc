import { resolve } from "node:path";
import { tensorBytes } from "../dtype.ts";
import type { TensorSource } from "../tensor-source.ts";
import type { FilePlan } from "../transfer/file-plan.ts";
import { transferFiles, type TransferOptions } from "../transfer/transfer-files.ts";
import type { FileDigest } from "../transfer/write-planned-file.ts";

/**
 * Writes one safetensors file: header with the tensors in the order given, padded with blanks to a multiple of 8 as the
 * Python library does, then their bytes; and reads it back. Errors: see `transferFiles`; a source that gives another number
 * of bytes than its shape says is a `TENSOR_SIZE`.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  metadata?: Readonly<Record<string, string>>,
  options: TransferOptions = {},
): Promise<FileDigest> {
  const plan = planSafetensors(resolve(path), tensors, metadata);
  const [digest] = await transferFiles([plan], undefined, options);
  return digest as FileDigest;
}

export function planSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
  finiteHint?: string,
): FilePlan {
  return {
    path,
    head: header(tensors, metadata),
    tensors: tensors.map((tensor) => {
      const { name, dtype, shape } = tensor;
      return { name, dtype, shape, content: tensor.stored ?? (() => tensor.read()) };
    }),
    ...(finiteHint === undefined ? {} : { finiteHint }),
  };
}

function header(
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, dtype, shape } of tensors) {
    const end = offset + tensorBytes(shape, dtype);
    entries[name] = { dtype, shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded, 0x20);
  bytes.writeBigUInt64LE(BigInt(padded));
  json.copy(bytes, 8);
  return bytes;
}
