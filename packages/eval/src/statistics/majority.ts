/** What the samples of a problem answered, as far as votes go. */
export interface Votes {
  /** Right samples: they agree with the label, so with each other. */
  readonly correct: number;
  /** How many gave each of the wrong answers. */
  readonly wrong: readonly number[];
  /** How many gave no answer. */
  readonly silent: number;
}

/** Beyond this the sum over all draws takes too long; k = n needs none. */
export const MAX_VOTERS = 64;
/** Numbers of ways stay within a double up to here. */
const MAX_SAMPLES = 1000;

/** Whether `majorityAtK` can be had for k of n samples. */
export function hasMajority(n: number, k: number): boolean {
  return k === n || (k <= MAX_VOTERS && n <= MAX_SAMPLES);
}

/**
 * Chance that the most frequent answer of `k` samples, drawn without replacement, is right. Of answers that are equally
 * frequent each wins with the same chance. Silent samples are drawn and do not vote; who lets them vote counts them as a wrong
 * answer. The exact expectation over all draws, not a resampling.
 */
export function majorityAtK({ correct, wrong, silent }: Votes, k: number): number {
  const n = correct + silent + wrong.reduce((total, count) => total + count, 0);
  if (!(k >= 1 && k <= n)) throw new RangeError(`maj@${k} needs at least ${k} samples, not ${n}`);
  if (!hasMajority(n, k)) throw new RangeError(`maj@${k} of ${n} samples takes too long`);
  if (correct === 0) return 0;
  if (k === n) return wins(correct, wrong);
  const ways = binomials(n, k);
  // Nothing is voted for but what is right: it wins unless only silent samples are drawn.
  if (wrong.length === 0) return 1 - ways(silent, k) / ways(n, k);
  let total = 0;
  for (let votes = 1; votes <= Math.min(correct, k); votes++) {
    const others = rivals(wrong, votes, k - votes, ways);
    for (let drawn = 0; drawn < others.length; drawn++) {
      const quiet = k - votes - drawn;
      total += ways(correct, votes) * (others[drawn] as number) * ways(silent, quiet);
    }
  }
  return Math.min(1, total / ways(n, k));
}

function wins(correct: number, wrong: readonly number[]): number {
  const most = wrong.reduce((most, count) => Math.max(most, count), 0);
  if (correct !== most) return correct > most ? 1 : 0;
  return 1 / (1 + wrong.filter((count) => count === most).length);
}

/**
 * For each number of votes up to `room`: the ways to draw so many from the wrong answers with none above `votes`, each way
 * counted by the chance that an answer with `votes` votes then wins.
 */
function rivals(wrong: readonly number[], votes: number, room: number, ways: Ways): number[] {
  const mostTies = Math.floor(room / votes);
  const width = mostTies + 1;
  let table = new Float64Array((room + 1) * width);
  table[0] = 1;
  for (const count of wrong) {
    const next = new Float64Array(table.length);
    for (let given = 0; given <= Math.min(count, votes, room); given++) {
      const factor = ways(count, given);
      const tie = given === votes ? 1 : 0;
      for (let drawn = 0; drawn + given <= room; drawn++) {
        for (let ties = 0; ties + tie <= mostTies; ties++) {
          const before = table[drawn * width + ties] as number;
          if (before === 0) continue;
          const at = (drawn + given) * width + ties + tie;
          next[at] = (next[at] as number) + before * factor;
        }
      }
    }
    table = next;
  }
  return Array.from({ length: room + 1 }, (_, drawn) => {
    let total = 0;
    for (let ties = 0; ties < width; ties++) {
      total += (table[drawn * width + ties] as number) / (ties + 1);
    }
    return total;
  });
}

type Ways = (from: number, take: number) => number;

/** Of the last n and k: problem after problem asks for the same. */
let known: { readonly n: number; readonly k: number; readonly ways: Ways } | undefined;

/** Binomial coefficients up to n over k, from one triangle. */
function binomials(n: number, k: number): Ways {
  if (known?.n !== n || known.k !== k) known = { n, k, ways: triangleOf(n, k) };
  return known.ways;
}

function triangleOf(n: number, k: number): Ways {
  const width = k + 1;
  const triangle = new Float64Array((n + 1) * width);
  for (let row = 0; row <= n; row++) {
    triangle[row * width] = 1;
    for (let column = 1; column <= Math.min(row, k); column++) {
      const above = (row - 1) * width + column;
      triangle[row * width + column] =
        (triangle[above - 1] as number) + (column < row ? (triangle[above] as number) : 0);
    }
  }
  return (from, take) => (take > from || take < 0 ? 0 : (triangle[from * width + take] as number));
}
