/**
 * Bins of indices whose sizes sum to at most `limit`, filled first-fit in decreasing order of size (FFD); what is larger than
 * the limit is alone in its bin. Source: miles utils/seqlen_balancing.py.
 */
export function firstFitDecreasing(sizes: readonly number[], limit: number): number[][] {
  const bins: { readonly items: number[]; sum: number }[] = [];
  for (const index of descending([...sizes.keys()], sizes)) {
    const size = sizes[index] ?? 0;
    const bin = bins.find(({ sum }) => sum + size <= limit);
    if (bin === undefined) {
      bins.push({ items: [index], sum: size });
    } else {
      bin.items.push(index);
      bin.sum += size;
    }
  }
  return bins.map(({ items }) => items);
}

/** Splits the heaviest bin that has several items in two balanced ones, until there are `count` bins or nothing is left to split. */
export function splitHeaviest(
  bins: readonly (readonly number[])[],
  count: number,
  sizes: readonly number[],
): number[][] {
  const result = bins.map((bin) => [...bin]);
  const sum = (bin: readonly number[]): number =>
    bin.reduce((total, index) => total + (sizes[index] ?? 0), 0);
  while (result.length < count) {
    let heaviest = -1;
    for (const [at, bin] of result.entries()) {
      if (bin.length > 1 && (heaviest < 0 || sum(bin) >= sum(result[heaviest] ?? [])))
        heaviest = at;
    }
    if (heaviest < 0) break;
    const halves: [number[], number[]] = [[], []];
    for (const index of descending(result[heaviest] ?? [], sizes)) {
      halves[sum(halves[0]) <= sum(halves[1]) ? 0 : 1].push(index);
    }
    result[heaviest] = halves[0];
    result.push(halves[1]);
  }
  return result;
}

/** Items and the sum of their weights, in the order that they came together. */
interface Part {
  readonly items: readonly number[];
  readonly sum: number;
}

/**
 * `parts` sets of equally many indices with sums as equal as the largest differencing method (Karmarkar and Karp, 1982)
 * makes them; their count must be a multiple of `parts`. Each set is sorted. Source: miles utils/seqlen_balancing.py.
 */
export function karmarkarKarp(weights: readonly number[], parts: number): number[][] {
  const order = [...weights.keys()].sort((a, b) => (weights[a] ?? 0) - (weights[b] ?? 0) || a - b);
  const compare = (a: Part, b: Part): number => comparePart(a, b, weights);
  const states: Part[][] = [];
  for (let first = 0; first < order.length; first += parts) {
    states.push(
      order
        .slice(first, first + parts)
        .map((index) => ({ items: [index], sum: weights[index] ?? 0 }))
        .sort((a, b) => compare(b, a)),
    );
  }
  /** The state of largest spread, then of largest set, comes first. */
  const before = (a: Part[], b: Part[]): boolean =>
    spread(a) === spread(b) ? compare(a[0] as Part, b[0] as Part) > 0 : spread(a) > spread(b);
  const pop = (): Part[] => {
    let best = 0;
    for (let at = 1; at < states.length; at++) {
      if (before(states[at] as Part[], states[best] as Part[])) best = at;
    }
    return states.splice(best, 1)[0] as Part[];
  };
  while (states.length > 1) {
    const [first, second] = [pop(), pop()];
    // Largest with smallest.
    states.push(
      first
        .map((part, at): Part => {
          const other = second[parts - 1 - at] as Part;
          return { items: [...part.items, ...other.items], sum: part.sum + other.sum };
        })
        .sort((a, b) => compare(b, a)),
    );
  }
  return (states[0] ?? []).map(({ items }) => [...items].sort((a, b) => a - b));
}

function spread(state: readonly Part[]): number {
  return (state[0]?.sum ?? 0) - (state.at(-1)?.sum ?? 0);
}

/** By sum, then by number of items, then by the items as they came. */
function comparePart(a: Part, b: Part, weights: readonly number[]): number {
  if (a.sum !== b.sum) return a.sum - b.sum;
  if (a.items.length !== b.items.length) return a.items.length - b.items.length;
  for (const [at, item] of a.items.entries()) {
    const other = b.items[at] ?? -1;
    const difference = item - other || (weights[item] ?? 0) - (weights[other] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Stable. */
function descending(indices: readonly number[], sizes: readonly number[]): number[] {
  return indices.toSorted((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
}
