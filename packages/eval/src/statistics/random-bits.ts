/** A small seeded generator (xorshift with 128 bits of state) for resampling; never for keys. */
export class RandomBits {
  // Four fields, not an array: millions are drawn, and shifting an array costs several times the rest.
  #first: number;
  #second: number;
  #third: number;
  #fourth: number;

  constructor(seed: number) {
    // Spread the seed over the state by multiplication with an odd constant, so that near seeds do not look alike.
    let value = (Math.trunc(seed) ^ 0x9e3779b9) >>> 0;
    const state = [0, 1, 2, 3].map((i) => {
      value = (Math.imul(value ^ (value >>> 16), 0x85ebca6b) + 0xc2b2ae35 + i) >>> 0;
      return (value ^ (value >>> 13)) >>> 0;
    });
    const [first = 0, second = 0, third = 0, fourth = 0] = state;
    this.#first = state.every((word) => word === 0) ? 1 : first;
    this.#second = second;
    this.#third = third;
    this.#fourth = fourth;
    for (let i = 0; i < 16; i++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    let mixed = this.#fourth ^ (this.#fourth << 11);
    mixed ^= mixed >>> 8;
    const first = this.#first;
    this.#fourth = this.#third;
    this.#third = this.#second;
    this.#second = first;
    this.#first = (mixed ^ first ^ (first >>> 19)) >>> 0;
    return this.#first;
  }
}
