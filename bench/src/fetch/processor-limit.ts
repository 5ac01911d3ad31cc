import { createHash } from "node:crypto";

const BLOCK_BYTES = 256 << 10;

/** Bytes of sha256 that one core makes in a second when the bytes are in its cache: what hashing costs when nothing else does. */
export function sha256Rate(milliseconds: number): number {
  const block = new Uint8Array(BLOCK_BYTES).fill(7);
  const hash = createHash("sha256");
  const start = performance.now();
  let bytes = 0;
  while (performance.now() - start < milliseconds) {
    hash.update(block);
    bytes += block.length;
  }
  return bytes / ((performance.now() - start) / 1000);
}

/**
 * The rate at which a machine could receive and hash if hashing were all that is added to receiving: every byte takes the
 * processor time that it takes in a run which only receives and leaves no core idle, and that of its sha256 on top. Rates in
 * the same unit, `sha256` that of one core.
 */
export function processorLimit(receiving: number, sha256: number, cores: number): number {
  return 1 / (1 / receiving + 1 / (sha256 * cores));
}
