import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { InterruptedError } from "./error.ts";
import { canonicalJson } from "./json.ts";

/** A lower-case hexadecimal sha256. */
export type Sha256 = string;

export function sha256(data: string | Uint8Array): Sha256 {
  return createHash("sha256").update(data).digest("hex");
}

/** Digest of a JSON value, independent of the order of its keys. */
export function digestOf(value: unknown): Sha256 {
  return sha256(canonicalJson(value));
}

export function newSha256(): Hash {
  return createHash("sha256");
}

/** Streams a file through sha256; `onBytes` gets the size of each block. */
export async function hashFile(
  path: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (bytes: number) => void } = {},
): Promise<{ sha256: Sha256; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) {
    if (options.signal?.aborted) throw new InterruptedError();
    const bytes = block as Buffer;
    hash.update(bytes);
    size += bytes.length;
    options.onBytes?.(bytes.length);
  }
  return { sha256: hash.digest("hex"), size };
}
