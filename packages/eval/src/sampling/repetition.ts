import { deflateRawSync } from "node:zlib";

/** The end of a response that is looked at, and the least that says anything. */
const TAIL = 10_000;
const LEAST = 1000;
/** Prose is made 2 to 4 times smaller by compression, derivations up to 6 times; a loop far more. */
const RATIO = 10;

/** Whether the end of a response (its last 10,000 characters) repeats itself: compression makes it more than ten times smaller. */
export function isRepetitive(response: string): boolean {
  if (response.length < LEAST) return false;
  const tail = Buffer.from(response.slice(-TAIL));
  return tail.length > RATIO * deflateRawSync(tail).length;
}
