import { VerificationError } from "@moonlight-rl/core";

/** Reads the operands of pickle opcodes; every read is checked against the end of the input. */
export class PickleCursor {
  readonly #bytes: Buffer;
  readonly #file: string;
  readonly #base: number;
  #at = 0;

  /** `base` is where the pickle begins in `file`, for error messages. */
  constructor(bytes: Uint8Array, file: string, base: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    this.#base = base;
  }

  fault(what: string): VerificationError {
    const byteOffset = this.#base + this.#at;
    return new VerificationError("PICKLE_INVALID", `${this.#file}: ${what} (byte ${byteOffset}).`, {
      file: this.#file,
      byteOffset,
      hint: "The checkpoint is damaged, or not one: make it again.",
    });
  }

  byte(): number {
    return this.#take(1).readUInt8();
  }

  uint(size: 2 | 4): number {
    return this.#take(size).readUIntLE(0, size);
  }

  int32(): number {
    return this.#take(4).readInt32LE();
  }

  /** A 64-bit length; what does not fit into the input is refused by the read that follows. */
  uint64(): number {
    return Number(this.#take(8).readBigUInt64LE());
  }

  double(): number {
    return this.#take(8).readDoubleBE();
  }

  /** A little-endian two's complement integer of `size` bytes (at most 1 kB: more is no number of a checkpoint). */
  long(size: number): number | bigint {
    if (size > 1024) throw this.fault("the pickle holds an integer of over 1 kB");
    const bytes = this.#take(size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    return narrow(size === 0 ? 0n : BigInt.asIntN(8 * size, value));
  }

  decimal(text: string): number | bigint {
    if (!/^[+-]?\d{1,1000}$/.test(text))
      throw this.fault("the pickle holds an integer that is not one");
    return narrow(BigInt(text));
  }

  text(size: number): string {
    return this.#take(size).toString("utf8");
  }

  latin(size: number): string {
    return this.#take(size).toString("latin1");
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from(this.#take(size));
  }

  /** Up to the next newline, which is consumed. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end === -1) throw this.fault("the pickle ends within a line");
    const text = this.#bytes.toString("utf8", this.#at, end);
    this.#at = end + 1;
    return text;
  }

  #take(size: number): Buffer {
    if (size > this.#bytes.length - this.#at) throw this.fault("the pickle ends too early");
    const taken = this.#bytes.subarray(this.#at, this.#at + size);
    this.#at += size;
    return taken;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
