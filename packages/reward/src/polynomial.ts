/** Polynomials with integer coefficients in named quantities: monomial ("x" to the 2 times "y" is "x*x*y") → coefficient. */
export type Polynomial = ReadonlyMap<string, bigint>;

/** Raised when an expression would take more than a bounded effort. */
export class EffortExceeded extends Error {}

const MAX_TERMS = 400;
export const MAX_DEGREE = 512;
const MAX_BITS = 1 << 17;
/** In products of two 64-bit words: a few milliseconds. */
const MAX_WORK = 1 << 21;

/** What all operations of one comparison may cost together. */
export class Budget {
  #left = MAX_WORK;

  spend(work: number): void {
    this.#left -= work;
    if (this.#left < 0) throw new EffortExceeded();
  }
}

export const ZERO: Polynomial = new Map();
export const ONE: Polynomial = constant(1n);

export function constant(value: bigint): Polynomial {
  return value === 0n ? ZERO : new Map([["", value]]);
}

export function quantity(name: string): Polynomial {
  return new Map([[name, 1n]]);
}

/** The value of a polynomial without quantities. */
export function constantOf(polynomial: Polynomial): bigint | undefined {
  if (polynomial.size === 0) return 0n;
  return polynomial.size === 1 ? polynomial.get("") : undefined;
}

export function add(a: Polynomial, b: Polynomial, budget: Budget): Polynomial {
  const sum = new Map(a);
  budget.spend(a.size + b.size);
  for (const [monomial, coefficient] of b) {
    const total = (sum.get(monomial) ?? 0n) + coefficient;
    if (total === 0n) sum.delete(monomial);
    else sum.set(monomial, total);
  }
  return sum;
}

/** The most factors that a monomial has. */
export function degreeOf(polynomial: Polynomial): number {
  let degree = 0;
  for (const monomial of polynomial.keys()) {
    if (monomial !== "") degree = Math.max(degree, monomial.split("*").length);
  }
  return degree;
}

export function negate(a: Polynomial): Polynomial {
  return new Map(Array.from(a, ([monomial, coefficient]) => [monomial, -coefficient]));
}

export function multiply(a: Polynomial, b: Polynomial, budget: Budget): Polynomial {
  const product = new Map<string, bigint>();
  for (const [left, x] of a) {
    const words = wordsOf(x);
    for (const [right, y] of b) {
      budget.spend(words * wordsOf(y) + 8 + ((left.length + right.length) >> 3));
      const monomial = times(left, right);
      const total = (product.get(monomial) ?? 0n) + x * y;
      if (total === 0n) product.delete(monomial);
      else product.set(monomial, total);
    }
    if (product.size > MAX_TERMS) throw new EffortExceeded();
  }
  return product;
}

function times(a: string, b: string): string {
  if (a === "") return b;
  if (b === "") return a;
  const factors = [...a.split("*"), ...b.split("*")];
  if (factors.length > MAX_DEGREE) throw new EffortExceeded();
  return factors.sort().join("*");
}

/** An upper bound of a number's size in 64-bit words, without writing it out where it is small. */
function wordsOf(value: bigint): number {
  if (value < 1n << 64n && value > -(1n << 64n)) return 1;
  const bits = value.toString(16).length * 4;
  if (bits > MAX_BITS) throw new EffortExceeded();
  return Math.ceil(bits / 64);
}
