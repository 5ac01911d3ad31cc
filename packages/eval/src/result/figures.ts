import { bootstrapMeans } from "../statistics/bootstrap.ts";
import { estimateMean, type Estimate } from "../statistics/estimate.ts";
import { hasMajority, majorityAtK, type Votes } from "../statistics/majority.ts";
import { passAtK } from "../statistics/pass-at-k.ts";
import { hasAnswer, isRight } from "./graded-sample.ts";
import type { SampleFacts } from "../sampling/sample-facts.ts";

/** A figure over problems with its uncertainty. */
export interface Figure extends Estimate {
  /** 95 % of a bootstrap over problems; null without a spread. */
  readonly bootstrap: { readonly low: number; readonly high: number } | null;
}

/**
 * avg@n, and pass@k, maj@k and cons@k for k = 1, 2, 4, … and n, by name. `groups` are the samples of each problem; n is the
 * fewest of them. maj@k: the most frequent answer is right, where samples without an answer do not vote; cons@k: the same, and
 * those vote for nothing together. Equally frequent answers share the win. A grader that does not say what the wrong answers
 * are (a reward model) leaves nothing to count: then there is no maj@k and no cons@k.
 */
export function figuresOf(
  groups: readonly (readonly SampleFacts[])[],
  seed: number,
): Record<string, Figure> {
  const n = groups.reduce(
    (least, group) => Math.min(least, group.length),
    Number.POSITIVE_INFINITY,
  );
  const right = groups.map((group) => group.map((sample) => (isRight(sample) ? 1 : 0)));
  const columns = columnsOf(groups, n);
  const intervals = bootstrapMeans([...columns.values()], seed);
  const figures: Record<string, Figure> = {};
  const [average] = bootstrapMeans(
    [right.map(mean)],
    seed,
    groups.map((group) => group.length),
  );
  figures[`avg@${n}`] = { ...estimateMean(right), bootstrap: average ?? null };
  for (const [i, [name, values]] of [...columns].entries()) {
    const estimate = estimateMean(values.map((value) => [value]));
    figures[name] = { ...estimate, bootstrap: intervals[i] ?? null };
  }
  return figures;
}

/** One value per problem for each figure. */
function columnsOf(groups: readonly (readonly SampleFacts[])[], n: number): Map<string, number[]> {
  const columns = new Map<string, number[]>();
  const votes = groups.map(votesOf);
  const unnamed = groups.some((group) =>
    group.some((sample) => hasAnswer(sample) && !isRight(sample) && sample.vote === null),
  );
  for (const k of drawsOf(n)) {
    columns.set(
      `pass@${k}`,
      groups.map((group, i) => passAtK(group.length, votes[i]?.correct ?? 0, k)),
    );
    if (unnamed || !groups.every((group) => hasMajority(group.length, k))) continue;
    columns.set(
      `maj@${k}`,
      votes.map((one) => majorityAtK(one, k)),
    );
    columns.set(
      `cons@${k}`,
      votes.map((one) => majorityAtK(silenceVotes(one), k)),
    );
  }
  return columns;
}

/** 1, 2, 4, … and n. */
export function drawsOf(n: number): number[] {
  const draws = [];
  for (let k = 1; k < n; k *= 2) draws.push(k);
  return [...draws, n];
}

function votesOf(group: readonly SampleFacts[]): Votes {
  const wrong = new Map<string, number>();
  let correct = 0;
  let silent = 0;
  for (const sample of group) {
    const { vote } = sample;
    if (isRight(sample)) correct++;
    else if (vote === null) silent++;
    else wrong.set(vote, (wrong.get(vote) ?? 0) + 1);
  }
  return { correct, silent, wrong: [...wrong.values()] };
}

function silenceVotes({ correct, wrong, silent }: Votes): Votes {
  return { correct, wrong: silent > 0 ? [...wrong, silent] : wrong, silent: 0 };
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
