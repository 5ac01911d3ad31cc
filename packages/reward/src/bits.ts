import { floorDivide } from "./integers.ts";
import { integerOf, NotComputable, numberOf, whole, type Ratio, type Value } from "./quantity.ts";
import type { Atoms } from "./atoms.ts";

/** Python's operators on the bits of integers, from the one that binds least; all of them bind less than a sum. */
export const BIT_OPERATORS: readonly (readonly string[])[] = [["|"], ["&"], ["<<", ">>"]];
const MAX_SHIFT = 1n << 16n;

/** Anything but integers has no bits. */
export function onBits(operator: string, left: Value, right: Value, atoms: Atoms): Ratio {
  const a = bitsOf(left, atoms);
  const b = bitsOf(right, atoms);
  if (operator === "|") return whole(a | b);
  if (operator === "&") return whole(a & b);
  if (b < 0n || b > MAX_SHIFT) throw new NotComputable();
  return whole(operator === "<<" ? a << b : floorDivide(a, 1n << b));
}

/** `~n` */
export function inverted(value: Value, atoms: Atoms): Ratio {
  return whole(-bitsOf(value, atoms) - 1n);
}

function bitsOf(value: Value, atoms: Atoms): bigint {
  const integer = typeof value === "number" ? undefined : integerOf(atoms.reduce(value));
  if (integer === undefined) throw new NotComputable();
  return integer;
}

/** The whole number below a value. */
export function floored(value: Value, atoms: Atoms): Value {
  if (typeof value === "number") return Math.floor(value);
  const number = numberOf(value);
  if (number === undefined) return atoms.of(`floor ${atoms.describe(value)}`);
  const { numerator, denominator } = number;
  const sign = denominator < 0n ? -1n : 1n;
  return whole(floorDivide(sign * numerator, sign * denominator));
}
