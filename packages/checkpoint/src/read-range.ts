import type { FileHandle } from "node:fs/promises";
import { VerificationError } from "@moonlight-rl/core";

/** Reads exactly `length` bytes at `offset`; a shorter file is an error that names the first missing byte. */
export async function readExactly(
  handle: FileHandle,
  offset: number,
  length: number,
  file: string,
): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, offset + done);
    if (bytesRead === 0) {
      throw new VerificationError(
        "FILE_TRUNCATED",
        `${file} ends at byte ${offset + done}, ${length - done} bytes too early.`,
        { file, byteOffset: offset + done },
      );
    }
    done += bytesRead;
  }
  return buffer;
}

const BLOCK = 8 << 20;

/** Streams a range of a file in blocks of at most 8 MiB. Each block has memory of its own. */
export async function* readBlocks(
  handle: FileHandle,
  offset: number,
  length: number,
  file: string,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; done += BLOCK) {
    yield await readExactly(handle, offset + done, Math.min(BLOCK, length - done), file);
  }
}
