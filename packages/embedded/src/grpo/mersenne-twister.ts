const SIZE = 624;
const MIDDLE = 397;

/**
 * CPython's `random.Random(seed)`: MT19937 seeded by init_by_array over the seed's 32-bit words (Matsumoto and Nishimura, 1998).
 * The reference shuffles prompts with it, so equal seeds give equal orders.
 */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #index = SIZE;

  /** `seed`: a non-negative safe integer. */
  constructor(seed: number) {
    const low = seed % 2 ** 32;
    const high = Math.floor(seed / 2 ** 32);
    this.#seed(high > 0 ? [low, high] : [low]);
  }

  /** `getrandbits(bits)` for 1 … 32 bits. */
  bits(bits: number): number {
    return this.#next() >>> (32 - bits);
  }

  /** A whole number in [0, limit), as CPython's `_randbelow`: bits are drawn until they fit. */
  below(limit: number): number {
    const bits = 32 - Math.clz32(limit);
    let value = this.bits(bits);
    while (value >= limit) value = this.bits(bits);
    return value;
  }

  /** `random.shuffle`, in place. */
  shuffle<T>(values: T[]): T[] {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [values[i], values[j]] = [values[j] as T, values[i] as T];
    }
    return values;
  }

  #next(): number {
    if (this.#index >= SIZE) this.#twist();
    let y = this.#state[this.#index++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let i = 0; i < SIZE; i++) {
      const y = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % SIZE] ?? 0) & 0x7fffffff);
      state[i] = (state[(i + MIDDLE) % SIZE] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }

  #seed(key: readonly number[]): void {
    const state = this.#state;
    const mixed = (i: number, factor: number): number => {
      const previous = state[i - 1] ?? 0;
      return Math.imul(previous ^ (previous >>> 30), factor);
    };
    state[0] = 19650218;
    for (let i = 1; i < SIZE; i++) state[i] = mixed(i, 1812433253) + i;
    let i = 1;
    let j = 0;
    const advance = (): void => {
      i++;
      if (i >= SIZE) {
        state[0] = state[SIZE - 1] ?? 0;
        i = 1;
      }
    };
    for (let k = Math.max(SIZE, key.length); k > 0; k--) {
      state[i] = ((state[i] ?? 0) ^ mixed(i, 1664525)) + (key[j] ?? 0) + j;
      advance();
      j = (j + 1) % key.length;
    }
    for (let k = SIZE - 1; k > 0; k--) {
      state[i] = ((state[i] ?? 0) ^ mixed(i, 1566083941)) - i;
      advance();
    }
    state[0] = 0x80000000;
  }
}
