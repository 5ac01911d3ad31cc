import type { Atoms } from "./atoms.ts";
import { constant, constantOf, EffortExceeded, ONE, type Budget } from "./polynomial.ts";
import {
  factorial,
  integerOf,
  multiplyRatios,
  NotComputable,
  numberOf,
  power,
  product,
  quotient,
  sum,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";

interface Means {
  readonly atoms: Atoms;
  readonly budget: Budget;
}

/** Greater powers of numbers than the reference computes in any time. Bits. */
const MAX_POWER_BITS = 1 << 27;
const MAX_ROOT_DEGREE = 16n;
const MAX_COUNTED_FACTORIAL = 1_000_000n;
const MAX_FACTORIAL_SHIFT = 20n;
const SMALL_PRIMES_UP_TO = 1000n;
const MAX_FACTORED = 1n << 1024n;

/** `base` to the `exponent` as the reference's algebra sees it: whole, broken and unknown exponents. */
export function raised(base: Value, exponent: Value, means: Means): Value {
  if (typeof exponent === "number" && !Number.isSafeInteger(exponent))
    return means.atoms.of(`power decimal ${exponent} of ${nameOf(base, means.atoms)}`);
  if (typeof base === "number" || typeof exponent === "number")
    return power(base, exponent, means.budget);
  const given = means.atoms.reduce(exponent);
  const parts = partsOf(given);
  // Of an exponent that is no sum with whole denominators, nothing is known.
  if (parts === undefined) return unknownPower(base, given, means);
  let result: Value = whole(1n);
  for (const { monomial, numerator, denominator } of parts) {
    const one =
      monomial === ""
        ? rootOf(base, denominator, means)
        : unknownPower(
            base,
            { numerator: new Map([[monomial, 1n]]), denominator: constant(denominator) },
            means,
          );
    result = product(result, wholePower(one, numerator, means), means.budget);
  }
  return result;
}

function nameOf(value: Value, atoms: Atoms): string {
  return typeof value === "number" ? `decimal ${value}` : atoms.describe(value);
}

/** The square root, `sqrt(…)`. */
export function squareRoot(value: Value, means: Means): Value {
  if (typeof value !== "number") return rootOf(value, 2n, means);
  return means.atoms.of(`sqrt decimal ${value}`);
}

/** `n!`; of an unknown too: (x + 2)! is (x + 2)(x + 1) x!. */
export function factorialOf(value: Value, { atoms, budget }: Means): Value {
  if (typeof value === "number") throw new NotComputable();
  const reduced = atoms.reduce(value);
  const n = integerOf(reduced);
  if (n !== undefined) {
    if (n < 0n || n > MAX_COUNTED_FACTORIAL) throw new NotComputable();
    try {
      return factorial(reduced);
    } catch (error) {
      if (error instanceof EffortExceeded) return atoms.of(`factorial ${n}`);
      throw error;
    }
  }
  const shift = constantOf(reduced.denominator) === 1n ? (reduced.numerator.get("") ?? 0n) : 0n;
  if (shift > MAX_FACTORIAL_SHIFT || shift < -MAX_FACTORIAL_SHIFT)
    return atoms.of(`factorial ${atoms.describe(reduced)}`);
  const rest = sum(reduced, whole(-shift), budget) as Ratio;
  let result: Value = atoms.of(`factorial ${atoms.describe(rest)}`);
  for (let k = 1n; k <= shift; k++) result = product(result, sum(rest, whole(k), budget), budget);
  for (let k = 0n; k > shift; k--) result = quotient(result, sum(rest, whole(k), budget), budget);
  return result;
}

/** `ln(…)`: of a positive number the sum of its primes' logarithms. */
export function logarithm(value: Value, { atoms, budget }: Means): Value {
  if (typeof value === "number") throw new NotComputable();
  const number = numberOf(atoms.reduce(value));
  if (number === undefined) return atoms.of(`ln ${atoms.describe(value)}`);
  if (number.numerator <= 0n || number.denominator <= 0n) throw new NotComputable();
  let result: Value = whole(0n);
  for (const [part, sign] of [
    [number.numerator, 1n],
    [number.denominator, -1n],
  ] as const)
    for (const [prime, count] of primesOf(part)) {
      const term = multiplyRatios(whole(sign * count), atoms.of(`ln ${prime}`), budget);
      result = sum(result, term, budget);
    }
  return result;
}

/** The value's principal root. */
function rootOf(value: Ratio, degree: bigint, means: Means): Ratio {
  if (degree === 1n) return value;
  const { atoms, budget } = means;
  if (degree > MAX_ROOT_DEGREE)
    return unknownPower(value, { numerator: ONE, denominator: constant(degree) }, means);
  const reduced = atoms.reduce(value);
  const number = numberOf(reduced);
  if (number !== undefined) return numberRoot(number, degree, means);
  // A positive factor comes out of a root; what is under it stays.
  const content = contentOf(reduced);
  const inner = multiplyRatios(reduced, invert(content), budget);
  const outer = numberRoot(numberOf(content) ?? { numerator: 1n, denominator: 1n }, degree, means);
  const under = atoms.reduce(inner);
  const atom = atoms.of(`root ${degree} of ${atoms.describe(under)}`, {
    relation: { degree: Number(degree), value: under },
    ...(degree === 2n ? { root: { degree: 2, of: under } } : {}),
  });
  return multiplyRatios(outer, atom, budget);
}

/** Of a number: primes to whole powers, times what is left of each prime under the root. */
function numberRoot(
  { numerator, denominator }: { numerator: bigint; denominator: bigint },
  degree: bigint,
  means: Means,
): Ratio {
  if (numerator === 0n) return whole(0n);
  const { atoms, budget } = means;
  const negative = numerator < 0n !== denominator < 0n;
  let result: Ratio = negative ? rootAtom(-1n, degree, atoms) : whole(1n);
  const exponents = new Map<bigint, bigint>();
  for (const [prime, count] of primesOf(absolute(numerator)))
    exponents.set(prime, (exponents.get(prime) ?? 0n) + count);
  for (const [prime, count] of primesOf(absolute(denominator)))
    exponents.set(prime, (exponents.get(prime) ?? 0n) - count);
  for (const [prime, count] of exponents) {
    const outside = floorDivide(count, degree);
    const inside = count - outside * degree;
    result = multiplyRatios(result, wholeRatioPower(prime, outside), budget);
    if (inside === 0n) continue;
    const shared = gcd(inside, degree);
    const atom = rootAtom(prime, degree / shared, atoms);
    result = multiplyRatios(result, power(atom, whole(inside / shared), budget) as Ratio, budget);
  }
  return result;
}

function rootAtom(radicand: bigint, degree: bigint, atoms: Atoms): Ratio {
  const value = whole(radicand);
  return atoms.of(`root ${degree} of ${radicand}`, {
    relation: { degree: Number(degree), value },
    ...(radicand > 0n ? { root: { degree: Number(degree), of: value } } : {}),
  });
}

/** To a whole power; one that is too large to compute stands for itself. */
function wholePower(base: Ratio, exponent: bigint, { atoms, budget }: Means): Ratio {
  try {
    return power(base, whole(exponent), budget) as Ratio;
  } catch (error) {
    if (!(error instanceof EffortExceeded)) throw error;
    const reduced = atoms.reduce(base);
    const number = numberOf(reduced);
    const bits = number === undefined ? 1 : number.numerator.toString(2).length;
    if (BigInt(bits) * absolute(exponent) > BigInt(MAX_POWER_BITS)) throw error;
    return atoms.of(`power ${exponent} of ${atoms.describe(reduced)}`);
  }
}

/** A power of which only that is known, apart for each prime of a positive number: 12ˣ is 2ˣ squared times 3ˣ. */
function unknownPower(base: Ratio, exponent: Ratio, { atoms, budget }: Means): Ratio {
  const reduced = atoms.reduce(base);
  const number = numberOf(reduced);
  const name = atoms.describe(exponent);
  if (number === undefined || number.numerator * number.denominator <= 0n)
    return atoms.of(`power ${name} of ${atoms.describe(reduced)}`);
  let result = whole(1n);
  for (const [part, down] of [
    [absolute(number.numerator), false],
    [absolute(number.denominator), true],
  ] as const)
    for (const [prime, count] of primesOf(part)) {
      const one = power(atoms.of(`power ${name} of ${prime}`), whole(count), budget) as Ratio;
      result = multiplyRatios(result, down ? invert(one) : one, budget);
    }
  return result;
}

/** The terms of an exponent, each with a coefficient in lowest terms. */
function partsOf({
  numerator,
  denominator,
}: Ratio): { monomial: string; numerator: bigint; denominator: bigint }[] | undefined {
  const divisor = constantOf(denominator);
  if (divisor === undefined || divisor === 0n) return undefined;
  return Array.from(numerator, ([monomial, coefficient]) => {
    const common = gcd(coefficient, divisor) * (divisor < 0n ? -1n : 1n);
    return { monomial, numerator: coefficient / common, denominator: divisor / common };
  });
}

/** The greatest positive number that divides a value. */
function contentOf({ numerator, denominator }: Ratio): Ratio {
  const whole_ = (polynomial: Ratio["numerator"]): bigint =>
    [...polynomial.values()].reduce((found, coefficient) => gcd(found, coefficient), 0n);
  return { numerator: constant(whole_(numerator)), denominator: constant(whole_(denominator)) };
}

function* primesOf(value: bigint): Generator<[bigint, bigint]> {
  if (value > MAX_FACTORED) throw new EffortExceeded();
  let rest = value;
  for (let prime = 2n; prime <= SMALL_PRIMES_UP_TO && prime * prime <= rest; prime++) {
    let count = 0n;
    for (; rest % prime === 0n; rest /= prime) count++;
    if (count > 0n) yield [prime, count];
  }
  if (rest === 1n) return;
  // What has no small prime counts as one, unless it is a square.
  const root = integerRoot(rest);
  yield root === undefined ? [rest, 1n] : [root, 2n];
}

function integerRoot(value: bigint): bigint | undefined {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  return root * root === value ? root : undefined;
}

function wholeRatioPower(base: bigint, exponent: bigint): Ratio {
  return exponent >= 0n
    ? whole(base ** exponent)
    : { numerator: ONE, denominator: constant(base ** -exponent) };
}

function invert({ numerator, denominator }: Ratio): Ratio {
  return { numerator: denominator, denominator: numerator };
}

function floorDivide(a: bigint, b: bigint): bigint {
  const quotient_ = a / b;
  return a % b !== 0n && a < 0n ? quotient_ - 1n : quotient_;
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [absolute(a), absolute(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
