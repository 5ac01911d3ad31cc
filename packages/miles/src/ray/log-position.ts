import type { Hash } from "node:crypto";
import { createHash } from "node:crypto";

/** How far a log was read; survives us in a file. */
export interface LogCursor {
  /** Bytes of UTF-8 from the beginning. */
  readonly offset: number;
  /** SHA-256 of those bytes, in hex. */
  readonly sha256: string;
}

export const LOG_START: LogCursor = {
  offset: 0,
  sha256: createHash("sha256").digest("hex"),
};

/**
 * Hands on each byte of a log once, though Ray tells a log only from its beginning, again after each reconnection: what
 * was read before is read over, and its digest compared.
 */
export class LogPosition {
  readonly #onBytes: (bytes: Uint8Array) => void;
  readonly #onChange: () => void;
  #cursor: LogCursor;
  #hash: Hash | undefined;

  /** `onChange` is called when the log is, up to here, not what it was. */
  constructor(
    onBytes: (bytes: Uint8Array) => void,
    onChange: () => void,
    cursor: LogCursor = LOG_START,
  ) {
    this.#onBytes = onBytes;
    this.#onChange = onChange;
    this.#cursor = cursor;
  }

  get cursor(): LogCursor {
    if (this.#hash === undefined) return this.#cursor;
    return { offset: this.#cursor.offset, sha256: this.#hash.copy().digest("hex") };
  }

  /** A new reading from the beginning; give it the bytes in order. An older reading must not go on. */
  read(): (bytes: Uint8Array) => void {
    const { offset: until, sha256 } = this.cursor;
    const hash = createHash("sha256");
    let at = 0;
    const reached = (): void => {
      if (hash.copy().digest("hex") !== sha256) this.#onChange();
      this.#hash = hash;
    };
    if (until === 0) reached();
    return (bytes) => {
      const old = Math.min(bytes.byteLength, Math.max(0, until - at));
      if (old > 0) hash.update(bytes.subarray(0, old));
      const before = at;
      at += bytes.byteLength;
      if (before < until && at >= until) reached();
      if (old === bytes.byteLength) return;
      const fresh = bytes.subarray(old);
      hash.update(fresh);
      this.#cursor = { offset: this.#cursor.offset + fresh.byteLength, sha256: "" };
      this.#onBytes(fresh);
    };
  }
}
