import { VerificationError } from "@moonlight-rl/core";
import { tensorBytes } from "../dtype.ts";
import { FileWriter } from "../file-writer.ts";
import { contentBlocks, type TensorSource } from "../tensor-source.ts";

/**
 * Writes one safetensors file: header with the tensors in the order given, padded with blanks to a multiple of 8 as the
 * Python library does, then their bytes. A source that gives another number of bytes than its shape says is refused.
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorSource[],
  metadata: Readonly<Record<string, string>> = { format: "pt" },
): Promise<{ size: number; sha256: string }> {
  const writer = await FileWriter.create(path);
  try {
    await writer.write(header(tensors, metadata));
    for (const tensor of tensors) {
      const want = writer.size + tensorBytes(tensor.shape, tensor.dtype);
      for await (const block of contentBlocks(tensor.read())) await writer.write(block);
      if (writer.size !== want) {
        throw new VerificationError(
          "TENSOR_SIZE",
          `Tensor ${tensor.name} gave ${writer.size - want} bytes more than ${tensor.dtype} [${tensor.shape.join(", ")}] has.`,
          { field: tensor.name, file: path },
        );
      }
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
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
