import { constantOf, EffortExceeded } from "./polynomial.ts";
import type { Means } from "./roots.ts";
import {
  factorial,
  integerOf,
  NotComputable,
  product,
  quotient,
  sum,
  toDouble,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";

/** Of a decimal: greater ones are no double; still greater ones are not worked out there and stand for themselves. */
const MAX_DOUBLE_FACTORIAL = 169;
const MAX_ROUNDED_FACTORIAL = 9_999;
const MAX_COUNTED_FACTORIAL = 1_000_000n;
const MAX_FACTORIAL_SHIFT = 20n;
const MAX_DOUBLE_FACTORIAL_OF = 2_000n;

/** `n!`; of an unknown too: (x + 2)! is (x + 2)(x + 1) x!. */
export function factorialOf(value: Value, { atoms, budget }: Means): Value {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new NotComputable();
    const exact = whole(BigInt(value));
    if (value > MAX_ROUNDED_FACTORIAL) return factorialOf(exact, { atoms, budget });
    if (value > MAX_DOUBLE_FACTORIAL) throw new NotComputable();
    return toDouble(factorial(exact));
  }
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

/** `n!!`, the product of every second number. */
export function doubleFactorialOf(value: Value, { atoms }: Means): Value {
  if (typeof value === "number") throw new NotComputable();
  const reduced = atoms.reduce(value);
  const n = integerOf(reduced);
  if (n !== undefined && n < -1n) throw new NotComputable();
  if (n === undefined || n > MAX_DOUBLE_FACTORIAL_OF) {
    return atoms.of(`double factorial ${atoms.describe(reduced)}`);
  }
  let result = 1n;
  for (let k = n; k > 1n; k -= 2n) result *= k;
  return whole(result);
}

/** `count` factors from `from`, each by `step` more than the one before. */
export function fallingFactorial(from: Value, count: Value, step: bigint, means: Means): Value {
  const { atoms, budget } = means;
  const n = typeof count === "number" ? undefined : integerOf(atoms.reduce(count));
  if (n === undefined || n < 0n || n > MAX_FACTORIAL_SHIFT) throw new NotComputable();
  let result: Value = whole(1n);
  for (let k = 0n; k < n; k++) {
    result = product(result, sum(from, whole(step * k), budget), budget);
  }
  return result;
}
