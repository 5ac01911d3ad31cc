import type { Atoms } from "./atoms.ts";
import type { Polynomial } from "./polynomial.ts";
import type { Ratio } from "./quantity.ts";

/** Fixed-point digits (binary) that roots are computed to, and those that have to be zero. */
const BITS = 640n;
const ZERO_BITS = 400n;
const ONE = 1n << BITS;

/**
 * Whether a sum of roots of numbers, or of square roots of such sums, is zero to more than a hundred digits: √(3+2√2) − √2 − 1. Two such numbers
 * of the length of an answer do not come so close without being equal. False where anything else stands in it.
 */
export function looksZero(polynomial: Polynomial, atoms: Atoms): boolean {
  const value = numberOf(polynomial, atoms, 0);
  if (value === undefined) return false;
  const size = value < 0n ? -value : value;
  return size < 1n << (BITS - ZERO_BITS);
}

const MAX_NESTING = 3;

/** Scaled by 2^BITS; undefined where it is no such number. */
function numberOf(polynomial: Polynomial, atoms: Atoms, depth: number): bigint | undefined {
  if (depth > MAX_NESTING) return undefined;
  let total = 0n;
  for (const [monomial, coefficient] of polynomial) {
    let term = coefficient * ONE;
    for (const name of monomial === "" ? [] : monomial.split("*")) {
      const root = name.startsWith("@") ? atoms.rootOf(name) : undefined;
      const radicand = root === undefined ? undefined : ratioOf(root.of, atoms, depth + 1);
      if (root === undefined || radicand === undefined || radicand < 0n) return undefined;
      term = (term * rootOf(radicand, root.degree)) >> BITS;
    }
    total += term;
  }
  return total;
}

function ratioOf(
  { numerator, denominator }: Ratio,
  atoms: Atoms,
  depth: number,
): bigint | undefined {
  const top = numberOf(numerator, atoms, depth);
  const bottom = numberOf(denominator, atoms, depth);
  if (top === undefined || bottom === undefined || bottom === 0n) return undefined;
  return (top * ONE) / bottom;
}

/** Newton's method on whole numbers, from above. */
function rootOf(scaled: bigint, degree: number): bigint {
  const n = BigInt(degree);
  const value = scaled << (BITS * (n - 1n));
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / degree));
  for (;;) {
    const next = ((n - 1n) * root + value / root ** (n - 1n)) / n;
    if (next >= root) return root;
    root = next;
  }
}
