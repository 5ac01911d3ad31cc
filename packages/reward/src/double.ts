/** The double nearest to a quotient of integers (ties to even), for values in the normal range. */
export function nearestDouble(numerator: bigint, denominator: bigint): number {
  const negative = numerator < 0n !== denominator < 0n;
  const a = numerator < 0n ? -numerator : numerator;
  const b = denominator < 0n ? -denominator : denominator;
  // 70 bits of quotient, the last of them set if anything remains: rounding that is rounding the exact value.
  const shift = 70 + bitLength(b) - bitLength(a);
  const scaled = shift >= 0 ? a << BigInt(shift) : a;
  const divisor = shift >= 0 ? b : b << BigInt(-shift);
  const quotient = scaled / divisor;
  const sticky = quotient * divisor === scaled ? 0n : 1n;
  const size = Number(quotient | sticky) * 2 ** -shift;
  return negative ? -size : size;
}

/** A double as a quotient of integers, exactly. */
export function exactRatio(value: number): { numerator: bigint; denominator: bigint } {
  let scale = 0;
  let scaled = value;
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    scale++;
  }
  return { numerator: BigInt(scaled), denominator: 1n << BigInt(scale) };
}

function bitLength(value: bigint): number {
  return value === 0n ? 0 : value.toString(2).length;
}
