import type { Problem } from "../data/problem.ts";
import { wordsOf } from "./words.ts";

/** Words of a run that is looked for in the training prompts. */
export const RUN_WORDS = 8;
/** Share of a problem's runs that makes it suspect. */
export const SUSPECT_SHARE = 0.7;

export interface Overlap {
  /** Prompts that were looked through. */
  readonly trainingPrompts: number;
  /** Problems whose whole prompt is a training prompt, in words. */
  readonly exact: number[];
  /** Other problems of whose runs of 8 words at least 70 % stand in training prompts. */
  readonly overlapping: { readonly problem: number; readonly share: number }[];
}

/**
 * Looks for an evaluation's problems in training prompts. Runs of words that many problems share (instructions around the
 * question) say nothing and are left out. Memory grows with the problems, not with the training prompts.
 */
export class TrainingOverlap {
  readonly #problems: readonly Problem[];
  readonly #wholes = new Map<string, number[]>();
  readonly #runs = new Map<string, number[]>();
  /** How many runs of its own each problem has. */
  readonly #runCounts: readonly number[];
  readonly #found = new Set<string>();
  readonly #exact = new Set<number>();
  #trainingPrompts = 0;

  constructor(problems: readonly Problem[]) {
    this.#problems = problems;
    const words = problems.map(({ prompt }) => wordsOf(prompt));
    const problemsWith = new Map<string, number>();
    for (const one of words) {
      for (const run of new Set(runsOf(one))) {
        problemsWith.set(run, (problemsWith.get(run) ?? 0) + 1);
      }
    }
    const common = Math.max(3, problems.length / 10);
    this.#runCounts = words.map((one, index) => {
      add(this.#wholes, one.join(" "), index);
      const own = ownRuns(one, (run) => (problemsWith.get(run) ?? 0) >= common);
      for (const run of own) add(this.#runs, run, index);
      return own.size;
    });
  }

  see(prompt: Problem["prompt"]): void {
    this.#trainingPrompts++;
    const words = wordsOf(prompt);
    for (const index of this.#wholes.get(words.join(" ")) ?? []) this.#exact.add(index);
    for (const run of runsOf(words)) if (this.#runs.has(run)) this.#found.add(run);
  }

  result(): Overlap {
    const hits = this.#problems.map(() => 0);
    for (const run of this.#found) {
      for (const index of this.#runs.get(run) ?? []) hits[index] = (hits[index] ?? 0) + 1;
    }
    const overlapping = hits.flatMap((count, problem) => {
      const runs = this.#runCounts[problem] ?? 0;
      const share = runs === 0 ? 0 : count / runs;
      return share >= SUSPECT_SHARE && !this.#exact.has(problem) ? [{ problem, share }] : [];
    });
    const exact = [...this.#exact].sort((a, b) => a - b);
    return { trainingPrompts: this.#trainingPrompts, exact, overlapping };
  }
}

/** The runs of a text that hold no word of a common run. */
function ownRuns(words: readonly string[], isCommon: (run: string) => boolean): Set<string> {
  const runs = [...runsOf(words)];
  const common = words.map(() => false);
  for (const [i, run] of runs.entries()) if (isCommon(run)) common.fill(true, i, i + RUN_WORDS);
  const isOwn = (i: number): boolean => !common.slice(i, i + RUN_WORDS).includes(true);
  return new Set(runs.filter((_, i) => isOwn(i)));
}

function* runsOf(words: readonly string[]): Generator<string> {
  for (let i = 0; i + RUN_WORDS <= words.length; i++) {
    yield words.slice(i, i + RUN_WORDS).join(" ");
  }
}

function add(map: Map<string, number[]>, key: string, index: number): void {
  const indices = map.get(key);
  if (indices === undefined) map.set(key, [index]);
  else indices.push(index);
}
