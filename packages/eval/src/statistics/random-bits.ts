/** A small seeded generator (xorshift with 128 bits of state) for resampling; never for keys. */
export class RandomBits {
  readonly #state = new Uint32Array(4);

  constructor(seed: number) {
    // Spread the seed over the state by multiplication with an odd constant, so that near seeds do not look alike.
    let value = (Math.trunc(seed) ^ 0x9e3779b9) >>> 0;
    for (let i = 0; i < 4; i++) {
      value = (Math.imul(value ^ (value >>> 16), 0x85ebca6b) + 0xc2b2ae35 + i) >>> 0;
      this.#state[i] = value ^ (value >>> 13);
    }
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
    for (let i = 0; i < 16; i++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const state = this.#state;
    const last = state[3] as number;
    let mixed = last ^ (last << 11);
    mixed ^= mixed >>> 8;
    const first = state[0] as number;
    state.copyWithin(1, 0, 3);
    const word = (mixed ^ first ^ (first >>> 19)) >>> 0;
    state[0] = word;
    return word;
  }
}
