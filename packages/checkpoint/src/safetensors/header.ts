import { isMoonlightError, VerificationError } from "@moonlight-rl/core";
import { z } from "zod";
import { refuse, type OnFault } from "../fault.ts";
import { DTYPES, tensorBytes, type Dtype } from "../dtype.ts";

/** Where a tensor's bytes are. */
export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** Absolute path of the file. */
  readonly file: string;
  /** Offset of the first byte in `file`. */
  readonly offset: number;
}

/** The format's own limit on the JSON header. */
export const MAX_HEADER_BYTES = 100_000_000;

const size = z.int().nonnegative();
const entrySchema = z.strictObject({
  dtype: z.string(),
  shape: z.array(size).max(16),
  data_offsets: z.tuple([size, size]),
});
const headerSchema = z.record(z.string(), z.unknown());

/**
 * Parses the JSON header of a safetensors file of `fileSize` bytes. Every tensor must lie within the file, be as long as
 * its shape and dtype say, and the tensors together must fill the data without gap or overlap.
 */
export function parseHeader(
  header: Uint8Array,
  file: string,
  fileSize: number,
  onFault: OnFault = refuse,
): Map<string, TensorInfo> {
  const dataStart = 8 + header.byteLength;
  const tensors = new Map<string, TensorInfo>();
  const entries = Object.entries(parseJson(header, file)).filter(
    ([name]) => name !== "__metadata__",
  );
  for (const [name, value] of entries) {
    const info = parseEntry(name, value, file, dataStart);
    if (isMoonlightError(info)) onFault(info);
    else tensors.set(name, info);
  }
  // A tensor that was left out would leave a gap.
  if (tensors.size === entries.length) checkTiling(tensors, file, dataStart, fileSize, onFault);
  return tensors;
}

function parseJson(header: Uint8Array, file: string): Record<string, unknown> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(header)));
  } catch (cause) {
    throw new VerificationError("SAFETENSORS_HEADER", `${file}: the header is not a JSON object.`, {
      file,
      byteOffset: 8,
      cause,
    });
  }
}

function parseEntry(
  name: string,
  value: unknown,
  file: string,
  dataStart: number,
): TensorInfo | VerificationError {
  const entry = entrySchema.safeParse(value);
  if (!entry.success) {
    return new VerificationError(
      "SAFETENSORS_HEADER",
      `${file}: tensor ${name}: ${entry.error.issues[0]?.message}`,
      { file, field: name, byteOffset: 8 },
    );
  }
  const { dtype, shape, data_offsets } = entry.data;
  const known = DTYPES.find((candidate) => candidate === dtype);
  if (known === undefined) {
    return new VerificationError("TENSOR_DTYPE", `${file}: tensor ${name} has dtype ${dtype}.`, {
      file,
      field: name,
      hint: `Supported are ${DTYPES.join(", ")}; quantised checkpoints must be dequantised first.`,
    });
  }
  const [begin, end] = data_offsets;
  const byteLength = tensorBytes(shape, known);
  if (end - begin !== byteLength) {
    return new VerificationError(
      "SAFETENSORS_SIZE",
      `${file}: tensor ${name} spans ${end - begin} bytes, but ${dtype} [${shape.join(", ")}] needs ${byteLength}.`,
      {
        file,
        field: name,
        byteOffset: dataStart + begin,
      },
    );
  }
  return { dtype: known, shape, byteLength, file, offset: dataStart + begin };
}

function checkTiling(
  tensors: ReadonlyMap<string, TensorInfo>,
  file: string,
  dataStart: number,
  fileSize: number,
  onFault: OnFault,
): void {
  let at = dataStart;
  for (const [name, { offset, byteLength }] of [...tensors].sort(
    ([, a], [, b]) => a.offset - b.offset || a.byteLength - b.byteLength,
  )) {
    if (offset !== at) {
      onFault(
        new VerificationError(
          "SAFETENSORS_LAYOUT",
          `${file}: tensor ${name} ${offset < at ? "overlaps the one before it" : "leaves a gap before it"}.`,
          { file, field: name, byteOffset: offset },
        ),
      );
    }
    at = offset + byteLength;
  }
  if (at > fileSize) {
    onFault(
      new VerificationError(
        "SAFETENSORS_TRUNCATED",
        `${file} is truncated: its header promises ${at} bytes, it has ${fileSize}.`,
        { file, byteOffset: fileSize, hint: "Fetch the file again." },
      ),
    );
  }
  if (at < fileSize) {
    onFault(
      new VerificationError(
        "SAFETENSORS_LAYOUT",
        `${file}: ${fileSize - at} bytes after the last tensor.`,
        { file, byteOffset: at },
      ),
    );
  }
}
