import { createHash } from "node:crypto";

/** A seeded stream of uniform numbers in [0, 1): sha256 in counter mode, the same on every machine. */
export class Random {
  readonly #seed: string;
  #counter = 0;
  #block = Buffer.alloc(0);
  #at = 0;

  constructor(...seed: readonly (string | number)[]) {
    this.#seed = seed.join("/");
  }

  uniform(): number {
    if (this.#at >= this.#block.length) {
      this.#block = createHash("sha256")
        .update(`${this.#seed}#${this.#counter++}`)
        .digest();
      this.#at = 0;
    }
    const value = this.#block.readUInt32BE(this.#at);
    this.#at += 4;
    return value / 2 ** 32;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.uniform() * limit);
  }

  pick<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new RangeError("pick needs at least one value");
    return value;
  }

  /** A shuffled copy (Fisher–Yates). */
  shuffle<T>(values: readonly T[]): T[] {
    const shuffled = [...values];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [shuffled[i], shuffled[j]] = [shuffled[j] as T, shuffled[i] as T];
    }
    return shuffled;
  }
}
