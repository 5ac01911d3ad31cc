import { mistake } from "./mistake.ts";
import { question, solution } from "./problem.ts";
import { Random } from "./random.ts";
import { splitProblems } from "./split.ts";

/** One supervised example: what the user asks and what the assistant answers. */
export interface PretrainingRow {
  readonly prompt: string;
  readonly response: string;
}

export interface PretrainingOptions {
  readonly seed: number;
  readonly rows: number;
  /** Share of rows whose answer is a realistic mistake, 0 … 1. */
  readonly mistakeShare: number;
}

export function boxed(value: number | string): string {
  return `\\boxed{${value}}`;
}

/** Rows drawn with replacement from the pre-training problems; the same seed gives the same rows. */
export function pretrainingRows({
  seed,
  rows,
  mistakeShare,
}: PretrainingOptions): PretrainingRow[] {
  const problems = splitProblems(seed).pretraining;
  const random = new Random("pretraining-rows", seed);
  return Array.from({ length: rows }, () => {
    const problem = random.pick(problems);
    const answer = random.uniform() < mistakeShare ? mistake(problem, random) : solution(problem);
    return { prompt: question(problem), response: boxed(answer) };
  });
}
