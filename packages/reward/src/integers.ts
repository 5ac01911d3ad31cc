import { EffortExceeded } from "./polynomial.ts";

const SMALL_PRIMES_UP_TO = 1000n;
const MAX_FACTORED = 1n << 4096n;

/** The prime factors of a positive number with their counts; what has no small prime counts as one, unless it is a square. */
export function* primesOf(value: bigint): Generator<[bigint, bigint]> {
  if (value > MAX_FACTORED) throw new EffortExceeded();
  let rest = value;
  for (let prime = 2n; prime <= SMALL_PRIMES_UP_TO && prime * prime <= rest; prime++) {
    let count = 0n;
    for (; rest % prime === 0n; rest /= prime) count++;
    if (count > 0n) yield [prime, count];
  }
  if (rest === 1n) return;
  const root = integerRoot(rest);
  yield root === undefined ? [rest, 1n] : [root, 2n];
}

/** The square root of a positive number that is a square. */
export function integerRoot(value: bigint): bigint | undefined {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) break;
    root = next;
  }
  return root * root === value ? root : undefined;
}

export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient_ = a / b;
  return a % b !== 0n && a < 0n ? quotient_ - 1n : quotient_;
}

export function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

export function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [absolute(a), absolute(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}
