import { expect, it } from "vitest";
import { shareInterval } from "./share-interval.ts";

it.each([
  // Wilson's score interval without continuity correction, from Newcombe (1998), table I.
  [81 / 263, 263, 0.2553, 0.3662],
  [15 / 148, 148, 0.0624, 0.1605],
  [0, 20, 0, 0.1611],
  [1 / 29, 29, 0.0061, 0.1718],
])("the interval of %d over %i problems", (share, problems, low, high) => {
  const [from, to] = shareInterval(share, problems);
  expect(from).toBeCloseTo(low, 3);
  expect(to).toBeCloseTo(high, 3);
});
