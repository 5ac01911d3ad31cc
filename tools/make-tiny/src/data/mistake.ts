import { solution, type Problem } from "./problem.ts";
import type { Random } from "./random.ts";

/**
 * A wrong answer of the kind that people make: a carry or borrow forgotten, one digit off by one, ten too much or
 * too little, two digits swapped. Never the right answer, never negative.
 */
export function mistake(problem: Problem, random: Random): number {
  const right = solution(problem);
  const candidates = [
    withoutCarry(problem),
    right + 1,
    right - 1,
    right + 10,
    right - 10,
    swapped(right),
  ].filter((value) => value !== right && value >= 0);
  return random.pick(candidates);
}

/** Adds or subtracts digit by digit and forgets what is carried or borrowed. */
function withoutCarry({ a, operator, b }: Problem): number {
  const digit = (x: number, y: number): number =>
    operator === "+" ? (x + y) % 10 : Math.abs(x - y);
  return digit(Math.floor(a / 10), Math.floor(b / 10)) * 10 + digit(a % 10, b % 10);
}

function swapped(value: number): number {
  return Number([...String(value)].reverse().join(""));
}
