/**
 * A counter-based generator: the nth number is a hash of (seed, a, b, n), so streams of different keys are independent
 * and need no shared state.
 */
export class CounterRandom {
  readonly #low: number;
  readonly #high: number;
  #counter = 0;

  constructor(seed: number, a: number, b: number) {
    let key = mix(seed >>> 0, 0x9e3779b9);
    key = mix(key ^ Math.floor(seed / 2 ** 32), 0x85ebca6b);
    key = mix(key ^ a, 0xc2b2ae35);
    this.#low = mix(key ^ b, 0x27d4eb2f);
    this.#high = mix(this.#low ^ b, key);
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const counter = this.#counter++;
    const a = mix(this.#low ^ counter, 0x165667b1);
    const b = mix(this.#high ^ counter, a);
    return ((a >>> 5) * 2 ** 26 + (b >>> 6)) / 2 ** 53;
  }

  /** Standard normal (Box–Muller). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return radius * Math.cos(2 * Math.PI * this.uniform());
  }
}

/** A bijective 32-bit mixer after adding a constant: multiply and xor-shift, twice. */
function mix(value: number, constant: number): number {
  let x = (value + constant) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
