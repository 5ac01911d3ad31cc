import { exactRatio, nearestDouble } from "./double.ts";
import {
  add,
  constant,
  constantOf,
  degreeOf,
  EffortExceeded,
  MAX_DEGREE,
  multiply,
  negate,
  ONE,
  type Budget,
  type Polynomial,
} from "./polynomial.ts";

/** A quotient of polynomials, exact and never reduced. */
export interface Ratio {
  readonly numerator: Polynomial;
  readonly denominator: Polynomial;
  /** Whether a decimal is in it: then coefficients are rounded as the reference's are. */
  readonly decimal?: true;
}

/** A value is exact, or a double where the text had a decimal point: then it is computed as the reference does, in doubles and in order. */
export type Value = Ratio | number;

/** Raised where a value is not one that can be compared here: division by zero, a decimal beside an unknown, overflow. */
export class NotComputable extends Error {}

const MAX_EXPONENT = 100_000n;
/** 118,458 bits. */
const MAX_FACTORIAL = 9_999n;

export function whole(value: bigint): Ratio {
  return { numerator: constant(value), denominator: ONE };
}

export function isZero(value: Value): boolean {
  return typeof value === "number" ? value === 0 : value.numerator.size === 0;
}

export function sum(a: Value, b: Value, budget: Budget): Value {
  const inDoubles = (x: number, y: number): number => x + y;
  const exactly = (x: Ratio, y: Ratio): Ratio =>
    isDecimal(x, y) ? rounded(addRatios(rounded(x), rounded(y), budget)) : addRatios(x, y, budget);
  return combine(a, b, inDoubles, exactly);
}

export function product(a: Value, b: Value, budget: Budget): Value {
  const inDoubles = (x: number, y: number): number =>
    x === 0 || y === 0 ? 0 : x * y || Number.NaN;
  return combine(a, b, inDoubles, (x, y) => timesRatio(x, y, budget));
}

export function quotient(a: Value, b: Value, budget: Budget): Value {
  if (isZero(b)) throw new NotComputable();
  // The reference divides an exact number by a decimal by way of the reciprocal.
  if (typeof b === "number" && typeof a !== "number") return product(a, 1 / b, budget);
  const inDoubles = (x: number, y: number): number => (x === 0 ? 0 : x / y || Number.NaN);
  return combine(a, b, inDoubles, (x, y) => timesRatio(x, invert(y), budget));
}

/** What is left as a product there is not rounded here either. */
function timesRatio(a: Ratio, b: Ratio, budget: Budget): Ratio {
  if (!isDecimal(a, b) || !(isTerm(a) || isTerm(b))) return multiplyRatios(a, b, budget);
  return rounded(multiplyRatios(rounded(a), rounded(b), budget));
}

export function opposite(value: Value): Value {
  return typeof value === "number" ? -value : { ...value, numerator: negate(value.numerator) };
}

/** A power with an integer exponent; one with a decimal point gives a decimal. */
export function power(base: Value, exponent: Value, budget: Budget): Value {
  if (typeof exponent === "number") {
    if (!Number.isSafeInteger(exponent) || !isNumber(base)) throw new NotComputable();
    return toDouble(power(base, whole(BigInt(exponent)), budget));
  }
  const n = integerOf(exponent);
  if (n === undefined) throw new NotComputable();
  const size = n < 0n ? -n : n;
  if (size > MAX_EXPONENT) throw new EffortExceeded();
  const exact = typeof base === "number" ? ratioOf(base) : base;
  if (n < 0n && isZero(base)) throw new NotComputable();
  const oriented = n < 0n ? { numerator: exact.denominator, denominator: exact.numerator } : exact;
  const raised = like(
    {
      numerator: raise(oriented.numerator, size, budget),
      denominator: raise(oriented.denominator, size, budget),
    },
    exact,
  );
  if (typeof base !== "number" && isDecimal(exact) && isTerm(raised)) return rounded(raised);
  return typeof base === "number" ? checked(toDouble(raised)) : raised;
}

export function factorial(value: Value): Ratio {
  const n = typeof value === "number" ? undefined : integerOf(value);
  if (n === undefined || n < 0n) throw new NotComputable();
  if (n > MAX_FACTORIAL) throw new EffortExceeded();
  return whole(productOfRange(2n, n));
}

function productOfRange(from: bigint, to: bigint): bigint {
  if (from > to) return 1n;
  if (to - from < 8n) return from * productOfRange(from + 1n, to);
  const middle = (from + to) / 2n;
  return productOfRange(from, middle) * productOfRange(middle + 1n, to);
}

/** The integer that an exact value is, if it is one. */
export function integerOf(value: Ratio): bigint | undefined {
  const ratio = numberOf(value);
  if (ratio === undefined || ratio.numerator % ratio.denominator !== 0n) return undefined;
  return ratio.numerator / ratio.denominator;
}

export function numberOf(value: Ratio): { numerator: bigint; denominator: bigint } | undefined {
  const numerator = constantOf(value.numerator);
  const denominator = constantOf(value.denominator);
  return numerator === undefined || denominator === undefined
    ? undefined
    : { numerator, denominator };
}

function combine(
  a: Value,
  b: Value,
  inDoubles: (a: number, b: number) => number,
  exactly: (a: Ratio, b: Ratio) => Ratio,
): Value {
  if (typeof a !== "number" && typeof b !== "number") return exactly(a, b);
  if (isNumber(a) && isNumber(b)) return checked(inDoubles(toDouble(a), toDouble(b)));
  if (isZero(a) || isZero(b)) return exactly(toRatio(a), toRatio(b));
  return rounded(exactly(toRatio(a), toRatio(b)));
}

function isNumber(value: Value): boolean {
  return typeof value === "number" || numberOf(value) !== undefined;
}

export function toDouble(value: Value): number {
  const double = typeof value === "number" ? value : doubleOf(value);
  if (double === undefined) throw new NotComputable();
  return double;
}

/** The double nearest to an exact number; undefined where it is no number. */
export function doubleOf(value: Ratio): number | undefined {
  const ratio = numberOf(value);
  if (ratio === undefined || ratio.denominator === 0n) return undefined;
  if (ratio.numerator === 0n) return 0;
  return checked(nearestDouble(ratio.numerator, ratio.denominator) || Number.NaN);
}

function toRatio(value: Value): Ratio {
  return typeof value === "number" ? ratioOf(value) : value;
}

function isDecimal(...ratios: readonly Ratio[]): boolean {
  return ratios.some(({ decimal }) => decimal === true);
}

/** The value with the mark of what it was made of. */
export function like(value: Ratio, ...from: readonly Ratio[]): Ratio {
  return isDecimal(...from) ? { ...value, decimal: true } : value;
}

function isTerm({ numerator, denominator }: Ratio): boolean {
  return numerator.size === 1 && denominator.size === 1;
}

/** Each coefficient as the nearest double, over a denominator that is a single term; others stay. */
export function rounded({ numerator, denominator }: Ratio): Ratio {
  const [entry] = denominator;
  if (entry === undefined || denominator.size > 1) return { numerator, denominator, decimal: true };
  const [monomial, divisor] = entry;
  const doubles = Array.from(numerator, ([key, coefficient]) => {
    const double = nearestDouble(coefficient, divisor);
    return { key, ...exactRatio(checked(double === 0 ? Number.NaN : double)) };
  });
  const scale = doubles.reduce(
    (most, one) => (one.denominator > most ? one.denominator : most),
    1n,
  );
  return {
    numerator: new Map(
      doubles.map((one) => [one.key, one.numerator * (scale / one.denominator)] as const),
    ),
    denominator: new Map([[monomial, scale]]),
    decimal: true,
  };
}

export function ratioOf(value: number): Ratio {
  const { numerator, denominator } = exactRatio(value);
  return { numerator: constant(numerator), denominator: constant(denominator), decimal: true };
}

/** The reference's decimals have no smallest and no largest value; ours must stay where doubles agree with them. */
export const LEAST_DOUBLE = 1e-290;
export const GREATEST_DOUBLE = 1e307;

export function checked(value: number): number {
  if (value === 0) return value;
  const size = Math.abs(value);
  if (!(size > LEAST_DOUBLE && size < GREATEST_DOUBLE)) throw new NotComputable();
  return value;
}

export function addRatios(a: Ratio, b: Ratio, budget: Budget): Ratio {
  if (samePolynomial(a.denominator, b.denominator)) {
    const numerator = add(a.numerator, b.numerator, budget);
    return like({ numerator, denominator: a.denominator }, a, b);
  }
  const numerator = add(
    multiply(a.numerator, b.denominator, budget),
    multiply(b.numerator, a.denominator, budget),
    budget,
  );
  return like({ numerator, denominator: multiply(a.denominator, b.denominator, budget) }, a, b);
}

function samePolynomial(a: Polynomial, b: Polynomial): boolean {
  if (a === b) return true;
  if (a.size !== b.size) return false;
  return [...a].every(([monomial, coefficient]) => b.get(monomial) === coefficient);
}

export function multiplyRatios(a: Ratio, b: Ratio, budget: Budget): Ratio {
  const product = {
    numerator: multiply(a.numerator, b.numerator, budget),
    denominator: multiply(a.denominator, b.denominator, budget),
  };
  return like(product, a, b);
}

export function invert(value: Ratio): Ratio {
  return { ...value, numerator: value.denominator, denominator: value.numerator };
}

function raise(base: Polynomial, exponent: bigint, budget: Budget): Polynomial {
  // Known beforehand, so that nothing is worked out in vain.
  if (BigInt(degreeOf(base)) * exponent > BigInt(MAX_DEGREE)) throw new EffortExceeded();
  let result: Polynomial = ONE;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = multiply(result, square, budget);
    if (rest > 1n) square = multiply(square, square, budget);
  }
  return result;
}
