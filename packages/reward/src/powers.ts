import { absolute, gcd, primesOf } from "./integers.ts";
import { constant, constantOf, EffortExceeded, ONE, quantity } from "./polynomial.ts";
import { contentOf, MAX_ROOT_DEGREE, rootOf, type Means } from "./roots.ts";
import {
  checked,
  doubleOf,
  GREATEST_DOUBLE,
  integerOf,
  invert,
  LEAST_DOUBLE,
  multiplyRatios,
  NotComputable,
  numberOf,
  opposite,
  power,
  product,
  sum,
  toDouble,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";

/** Greater powers of numbers than the reference computes in any time. Bits. */
const MAX_POWER_BITS = 1 << 27;
/** Greater ones would take half of the budget. */
const MAX_COMPUTED_BITS = 110_000;

/** `base` to the `exponent` as the reference's algebra sees it: whole, broken and unknown exponents. */
export function raised(base: Value, exponent: Value, means: Means): Value {
  if (typeof exponent === "number" && !Number.isSafeInteger(exponent)) {
    return decimalPower(base, exponent, means);
  }
  if (typeof exponent === "number") {
    if (typeof base === "number" || numberOf(base) !== undefined) {
      return power(base, exponent, means.budget);
    }
    // A root may become a number by it: √3 to the 2.0 is 3.0.
    return toDouble(means.atoms.reduce(wholePower(base, BigInt(exponent), means)));
  }
  if (typeof base === "number") return powerOfDecimal(base, exponent, means);
  const given = means.atoms.reduce(exponent);
  const parts = partsOf(given);
  // Of an exponent that is no sum with whole denominators, nothing is known.
  if (parts === undefined) return unknownPower(base, given, means);
  let result: Value = whole(1n);
  for (const { monomial, numerator, denominator } of parts) {
    const one =
      monomial === ""
        ? anyRootOf(base, denominator, means)
        : unknownPower(
            base,
            { numerator: new Map([[monomial, 1n]]), denominator: constant(denominator) },
            means,
          );
    result = product(result, wholePower(one, numerator, means), means.budget);
  }
  return result;
}

/** Of a decimal: by its double where the exponent is a number, else only its name is known. */
function powerOfDecimal(base: number, exponent: Ratio, means: Means): Value {
  const { atoms, budget } = means;
  const reduced = atoms.reduce(exponent);
  const n = integerOf(reduced);
  if (n !== undefined) {
    // Decimals have no largest and no smallest value there; what is no double goes on as what it is.
    const size = Math.abs(base) ** Number(n);
    if (base === 0 || (size > LEAST_DOUBLE && size < GREATEST_DOUBLE)) {
      return power(base, reduced, budget);
    }
    if (Number.isSafeInteger(base)) return wholePower(whole(BigInt(base)), n, means);
    return atoms.of(`power ${n} of decimal ${base}`);
  }
  const number = doubleOf(reduced);
  if (number !== undefined) return decimalPower(base, number, means);
  return atoms.of(`power ${atoms.describe(reduced)} of decimal ${base}`);
}

/** To a power with a decimal point: a decimal where the base is a number. */
function decimalPower(base: Value, exponent: number, means: Means): Value {
  const number = typeof base === "number" ? base : doubleOf(means.atoms.reduce(base));
  if (number === undefined) return decimalPowerOfUnknown(base as Ratio, exponent, means);
  // One and zero stay exact.
  if (typeof base !== "number" && (number === 1 || (number === 0 && exponent > 0))) return base;
  if (number === 0 && exponent < 0) throw new NotComputable();
  // Beside the axis of the reals it is only known to equal itself.
  if (number < 0) return means.atoms.of(`power decimal ${exponent} of decimal ${number}`);
  return checked(exponent === 0.5 ? Math.sqrt(number) : number ** exponent);
}

/** A positive factor comes out of the power. */
function decimalPowerOfUnknown(base: Ratio, exponent: number, { atoms, budget }: Means): Value {
  const reduced = atoms.reduce(base);
  const content = contentOf(reduced);
  const rest = atoms.reduce(multiplyRatios(reduced, invert(content), budget));
  const atom = atoms.of(`power decimal ${exponent} of ${atoms.describe(rest)}`);
  const factor = doubleOf(content) ?? Number.NaN;
  return factor === 1 ? atom : product(checked(factor ** exponent), atom, budget);
}

/** The square root, `sqrt(…)`. */
export function squareRoot(value: Value, means: Means): Value {
  if (typeof value !== "number") return rootOf(value, 2n, means);
  if (value < 0) throw new NotComputable();
  return Math.sqrt(value);
}

/** The roots of high degree are not worked out. */
function anyRootOf(value: Ratio, degree: bigint, means: Means): Ratio {
  if (degree <= MAX_ROOT_DEGREE) return rootOf(value, degree, means);
  return unknownPower(value, { numerator: ONE, denominator: constant(degree) }, means);
}

/** `ln(…)`: of a positive number the sum of its primes' logarithms. */
export function logarithm(value: Value, { atoms, budget }: Means): Value {
  if (typeof value === "number") {
    if (value <= 0) throw new NotComputable();
    return checked(Math.log(value));
  }
  const number = numberOf(atoms.reduce(value));
  if (number === undefined) return atoms.of(`ln ${atoms.describe(value)}`);
  if (number.numerator === 0n || number.denominator === 0n) throw new NotComputable();
  if (number.numerator < 0n !== number.denominator < 0n) {
    const turned = { numerator: quantity("pi"), denominator: ONE };
    const imaginary = multiplyRatios(atoms.root(whole(-1n), 2), turned, budget);
    return sum(logarithm(opposite(value), { atoms, budget }), imaginary, budget);
  }
  let result: Value = whole(0n);
  for (const [part, sign] of [
    [number.numerator, 1n],
    [number.denominator, -1n],
  ] as const)
    for (const [prime, count] of primesOf(part)) {
      const one = atoms.of(`ln ${prime}`, { positive: true });
      const term = multiplyRatios(whole(sign * count), one, budget);
      result = sum(result, term, budget);
    }
  return result;
}

/** To a whole power; one that is too large to compute stands for itself. */
function wholePower(base: Ratio, exponent: bigint, means: Means): Ratio {
  const { atoms, budget } = means;
  const reduced = atoms.reduce(base);
  const number = numberOf(reduced);
  const bits = number === undefined ? 0 : number.numerator.toString(2).length;
  const size = BigInt(bits) * absolute(exponent);
  if (size > BigInt(MAX_POWER_BITS)) throw new EffortExceeded();
  try {
    // Known beforehand, so that nothing of the budget is spent in vain.
    if (bits > 1 && size > BigInt(MAX_COMPUTED_BITS)) throw new EffortExceeded();
    return power(base, whole(exponent), budget) as Ratio;
  } catch (error) {
    if (!(error instanceof EffortExceeded)) throw error;
    return atoms.of(`power ${exponent} of ${atoms.describe(withoutPoints(reduced))}`);
  }
}

/** Whole coefficients written as decimals: (x + 1.0) to a power is that of x + 1 there. */
function withoutPoints(value: Ratio): Ratio {
  const { numerator, denominator } = value;
  return constantOf(denominator) === 1n ? { numerator, denominator } : value;
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
