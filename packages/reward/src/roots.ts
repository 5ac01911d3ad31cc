import type { Atoms } from "./atoms.ts";
import { absolute, floorDivide, gcd, integerRoot, primesOf } from "./integers.ts";
import { constant, ONE, type Budget, type Polynomial } from "./polynomial.ts";
import {
  invert,
  like,
  multiplyRatios,
  numberOf,
  power,
  ratioOf,
  toDouble,
  whole,
  type Ratio,
} from "./quantity.ts";

/** What an operation may create and spend. */
export interface Means {
  readonly atoms: Atoms;
  readonly budget: Budget;
}

export const MAX_ROOT_DEGREE = 16n;

/** The value's principal root, of at most the sixteenth degree. */
export function rootOf(value: Ratio, degree: bigint, means: Means): Ratio {
  if (degree === 1n) return value;
  const { atoms, budget } = means;
  const reduced = atoms.reduce(value);
  const number = numberOf(reduced);
  if (number !== undefined) return numberRoot(number, degree, means);
  // A positive factor comes out of a root; what is under it stays.
  const content = contentOf(reduced);
  const inner = atoms.reduce(multiplyRatios(reduced, invert(content), budget));
  let result = contentRoot(content, degree, means);
  const square = degree === 2n ? rootOfSquare(inner, means) : undefined;
  if (square !== undefined) return multiplyRatios(result, square, budget);
  const { positive, rest } = positiveFactors(inner, atoms);
  for (const [name, count] of positive) {
    result = multiplyRatios(result, factorRoot(name, count, degree, means), budget);
  }
  const sign = numberOf(rest);
  const root = sign === undefined ? atomRoot(rest, degree, means) : numberRoot(sign, degree, means);
  return multiplyRatios(result, root, budget);
}

/** Of the square of a sum of positive quantities, such as ln 2 + ln 3: that sum. */
function rootOfSquare(value: Ratio, { atoms, budget }: Means): Ratio | undefined {
  if (value.numerator.size === 1 || !isOne(value.denominator)) return undefined;
  const sum = new Map<string, bigint>();
  for (const [monomial, coefficient] of value.numerator) {
    const names = monomial.split("*");
    if (coefficient < 0n || !names.every((name) => atoms.isPositive(name))) return undefined;
    const root = integerRoot(coefficient);
    if (root !== undefined && names.length === 2 && names[0] === names[1]) {
      sum.set(names[0] ?? "", root);
    }
  }
  const found: Ratio = { numerator: sum, denominator: ONE };
  const square = multiplyRatios(found, found, budget).numerator;
  const same = [...square].every(([key, count]) => value.numerator.get(key) === count);
  return same && square.size === value.numerator.size ? found : undefined;
}

/** Of a positive number: of a decimal the double. */
function contentRoot(content: Ratio, degree: bigint, means: Means): Ratio {
  const number = numberOf(content) ?? { numerator: 1n, denominator: 1n };
  if (content.decimal !== true) return numberRoot(number, degree, means);
  const double = toDouble(content);
  return ratioOf(degree === 2n ? Math.sqrt(double) : double ** (1 / Number(degree)));
}

/** Of something unknown; of a root, say the cube root of x squared, the root of the product of both degrees. */
function atomRoot(value: Ratio, degree: bigint, { atoms, budget }: Means): Ratio {
  const names = namesOf(value.numerator);
  const [name = ""] = names ?? [];
  const inner = atoms.relationOf(name);
  const isRoot = value.numerator.get(names?.join("*") ?? "") === 1n && isOne(value.denominator);
  if (inner === undefined || !isRoot || names?.some((other) => other !== name) === true) {
    return atoms.root(value, Number(degree));
  }
  const total = BigInt(inner.degree) * degree;
  if (names === undefined || names.length >= inner.degree || total > MAX_ROOT_DEGREE) {
    return atoms.root(value, Number(degree));
  }
  const root = atoms.root(inner.value, Number(total));
  return power(root, whole(BigInt(names.length)), budget) as Ratio;
}

/** Of a positive quantity to some power. */
function factorRoot(name: string, count: number, degree: bigint, { atoms, budget }: Means): Ratio {
  const outside = floorDivide(BigInt(count), degree);
  const inside = BigInt(count) - outside * degree;
  const quantity: Ratio = { numerator: new Map([[name, 1n]]), denominator: ONE };
  const whole_ = power(quantity, whole(outside), budget) as Ratio;
  if (inside === 0n) return whole_;
  const shared = gcd(inside, degree);
  const root = atoms.root(quantity, Number(degree / shared), true);
  return multiplyRatios(whole_, power(root, whole(inside / shared), budget) as Ratio, budget);
}

/** The factors of a product that are known to be positive, with their powers, and what is left. */
function positiveFactors(
  value: Ratio,
  atoms: Atoms,
): { positive: ReadonlyMap<string, number>; rest: Ratio } {
  const positive = new Map<string, number>();
  const top = namesOf(value.numerator);
  const bottom = namesOf(value.denominator);
  if (top === undefined || bottom === undefined) return { positive, rest: value };
  const left = (names: readonly string[], step: number): string =>
    names
      .filter((name) => {
        if (!atoms.isPositive(name)) return true;
        positive.set(name, (positive.get(name) ?? 0) + step);
        return false;
      })
      .join("*");
  const sign = [...value.numerator.values()][0] ?? 1n;
  const divisor = [...value.denominator.values()][0] ?? 1n;
  const rest = {
    numerator: new Map([[left(top, 1), sign]]),
    denominator: new Map([[left(bottom, -1), divisor]]),
  };
  return { positive, rest };
}

/** The factors of a single term; undefined of a sum. */
function namesOf(polynomial: Polynomial): string[] | undefined {
  if (polynomial.size !== 1) return undefined;
  const [monomial = ""] = [...polynomial.keys()];
  return monomial === "" ? [] : monomial.split("*");
}

function isOne(polynomial: Polynomial): boolean {
  return polynomial.size === 1 && polynomial.get("") === 1n;
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
  let result: Ratio = negative ? atoms.root(whole(-1n), Number(degree)) : whole(1n);
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
    const atom = atoms.root(whole(prime), Number(degree / shared), true);
    result = multiplyRatios(result, power(atom, whole(inside / shared), budget) as Ratio, budget);
  }
  return result;
}

/** The greatest positive number that divides a value. */
export function contentOf(value: Ratio): Ratio {
  const { numerator, denominator } = value;
  const common = (polynomial: Ratio["numerator"]): bigint =>
    [...polynomial.values()].reduce((found, coefficient) => gcd(found, coefficient), 0n);
  return like(
    { numerator: constant(common(numerator)), denominator: constant(common(denominator)) },
    value,
  );
}

function wholeRatioPower(base: bigint, exponent: bigint): Ratio {
  return exponent >= 0n
    ? whole(base ** exponent)
    : { numerator: ONE, denominator: constant(base ** -exponent) };
}
