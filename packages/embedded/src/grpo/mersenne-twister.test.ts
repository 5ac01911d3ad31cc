import { describe, expect, it } from "vitest";
import { MersenneTwister } from "./mersenne-twister.ts";

/** Printed by CPython 3.11: random.Random(seed).shuffle(list(range(23))), then the last three of 700 getrandbits(32). */
const GOLDEN: readonly { seed: number; order: number[]; bits: number[] }[] = [
  {
    seed: 0,
    order: [20, 21, 11, 14, 10, 0, 6, 18, 4, 2, 19, 3, 17, 5, 7, 9, 22, 15, 16, 8, 1, 13, 12],
    bits: [3435741175, 363539489, 2218470013],
  },
  {
    seed: 1,
    order: [20, 5, 16, 9, 19, 22, 11, 13, 0, 7, 1, 21, 12, 6, 10, 17, 14, 15, 3, 8, 2, 18, 4],
    bits: [3471418621, 1847572141, 2359096384],
  },
  {
    seed: 42,
    order: [16, 15, 2, 14, 5, 13, 17, 12, 22, 6, 9, 1, 19, 11, 10, 21, 4, 18, 7, 8, 0, 3, 20],
    bits: [2603647189, 4227260783, 2196545325],
  },
  {
    seed: 1234,
    order: [6, 16, 8, 9, 17, 22, 4, 7, 13, 10, 11, 20, 15, 5, 12, 21, 19, 1, 18, 2, 0, 3, 14],
    bits: [2315715808, 3489399131, 4250265450],
  },
  {
    seed: 4294967295,
    order: [13, 17, 0, 2, 14, 8, 15, 3, 1, 21, 7, 5, 4, 11, 18, 12, 10, 9, 16, 22, 6, 19, 20],
    bits: [677880871, 3977996336, 100596510],
  },
  {
    seed: 1099511627783,
    order: [14, 2, 0, 1, 17, 9, 13, 3, 22, 10, 7, 6, 5, 11, 21, 12, 16, 4, 8, 15, 18, 20, 19],
    bits: [1689424703, 2710155317, 3774988502],
  },
];

describe("MersenneTwister", () => {
  it.each(GOLDEN)("shuffles and draws as CPython does for seed $seed", ({ seed, order, bits }) => {
    const random = new MersenneTwister(seed);
    expect(random.shuffle(Array.from({ length: 23 }, (_, i) => i))).toEqual(order);
    expect(Array.from({ length: 700 }, () => random.bits(32)).slice(-3)).toEqual(bits);
  });
});
