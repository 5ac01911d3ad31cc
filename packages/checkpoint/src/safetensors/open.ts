import { open } from "node:fs/promises";
import { PreflightError, VerificationError } from "@moonlight-rl/core";
import { refuse, type OnFault } from "../fault.ts";
import { readExactly } from "../read-range.ts";
import { MAX_HEADER_BYTES, parseHeader, type TensorInfo } from "./header.ts";

/** Reads and checks the header of a safetensors file; no tensor data is read. */
export async function readSafetensorsHeader(
  file: string,
  onFault: OnFault = refuse,
): Promise<Map<string, TensorInfo>> {
  const handle = await open(file, "r").catch((cause: unknown) => {
    throw new PreflightError("FILE_UNREADABLE", `Cannot open ${file}.`, { file, cause });
  });
  try {
    const { size } = await handle.stat();
    if (size < 8) {
      throw new VerificationError(
        "SAFETENSORS_TRUNCATED",
        `${file} is truncated: ${size} bytes, a safetensors file has at least 8.`,
        { file, byteOffset: size },
      );
    }
    const length = Number((await readExactly(handle, 0, 8, file)).readBigUInt64LE());
    if (length > MAX_HEADER_BYTES) {
      throw new VerificationError(
        "SAFETENSORS_HEADER",
        `${file}: a header of ${length} bytes is over the limit of ${MAX_HEADER_BYTES}.`,
        { file, byteOffset: 0, hint: "This is not a safetensors file, or it is damaged." },
      );
    }
    if (8 + length > size) {
      throw new VerificationError(
        "SAFETENSORS_TRUNCATED",
        `${file} is truncated within its header: ${size} of ${8 + length} bytes.`,
        { file, byteOffset: size, hint: "Fetch the file again." },
      );
    }
    return parseHeader(await readExactly(handle, 8, length, file), file, size, onFault);
  } finally {
    await handle.close();
  }
}
