import { refused, type Place } from "./fault.ts";

const MAX_SEQUENCE = 100_000;

/** The numbers that `seq` prints. */
export function sequence(numbers: readonly number[], place: Place): number[] {
  const [a = 1, b, c] = numbers;
  const [first, step, last] = b === undefined ? [1, 1, a] : c === undefined ? [a, 1, b] : [a, b, c];
  const count = Math.floor((last - first) / step) + 1;
  if (step === 0 || count > MAX_SEQUENCE) throw refused(place, "seq without an end");
  return Array.from({ length: Math.max(0, count) }, (_, index) => first + index * step);
}
