import { readSync } from "node:fs";
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
    if (bytesRead === 0) throw truncated(file, offset + done, length - done);
    done += bytesRead;
  }
  return buffer;
}

/** `readExactly` into memory that is there, without waiting: for threads that have nothing else to do. */
export function readInto(
  target: Uint8Array,
  { fd }: FileHandle,
  offset: number,
  file: string,
): Uint8Array {
  let done = 0;
  while (done < target.byteLength) {
    const length = target.byteLength - done;
    const bytesRead = readSync(fd, target, done, length, offset + done);
    if (bytesRead === 0) throw truncated(file, offset + done, length);
    done += bytesRead;
  }
  return target;
}

const BLOCK = 8 << 20;

/**
 * Streams a range of a file in blocks. Each block of at most 8 MiB has memory of its own, or all have that of `buffer`: then a
 * block is valid until the next one is asked for.
 */
export async function* readBlocks(
  handle: FileHandle,
  offset: number,
  length: number,
  file: string,
  buffer?: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const block = buffer?.byteLength ?? BLOCK;
  for (let done = 0; done < length; done += block) {
    const size = Math.min(block, length - done);
    yield buffer === undefined
      ? await readExactly(handle, offset + done, size, file)
      : readInto(buffer.subarray(0, size), handle, offset + done, file);
  }
}

function truncated(file: string, byteOffset: number, missing: number): VerificationError {
  return new VerificationError(
    "FILE_TRUNCATED",
    `${file} ends at byte ${byteOffset}, ${missing} bytes too early.`,
    { file, byteOffset },
  );
}
