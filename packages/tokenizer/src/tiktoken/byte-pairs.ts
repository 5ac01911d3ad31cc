import type { ByteText } from "./ranks.ts";

/**
 * Merges the bytes of a piece: always the neighbours whose union has the lowest rank, of equals the leftmost, until no
 * union is a token. O(n log n) by a heap, since a text without spaces may be one piece of 25,000 bytes.
 */
export function mergeBytes(piece: ByteText, ranks: ReadonlyMap<ByteText, number>): number[] {
  const whole = ranks.get(piece);
  if (whole !== undefined) return [whole];
  const length = piece.length;
  // The tokens so far: a linked list over start positions.
  const next = Int32Array.from({ length: length + 1 }, (_, at) => at + 1);
  const previous = Int32Array.from({ length: length + 1 }, (_, at) => at - 1);
  const alive = new Uint8Array(length).fill(1);
  const heap = new PairHeap();
  const offer = (left: number): void => {
    if (left < 0) return;
    const right = next[left] ?? length;
    if (right >= length) return;
    const end = next[right] ?? length;
    const rank = ranks.get(piece.slice(left, end));
    if (rank !== undefined) heap.push({ rank, left, right, end });
  };
  for (let at = 0; at < length - 1; at++) offer(at);
  for (let pair = heap.pop(); pair !== undefined; pair = heap.pop()) {
    const { left, right, end } = pair;
    const current = alive[left] === 1 && next[left] === right && next[right] === end;
    if (!current || alive[right] !== 1) continue;
    alive[right] = 0;
    next[left] = end;
    if (end <= length) previous[end] = left;
    offer(left);
    offer(previous[left] ?? -1);
  }
  const ids: number[] = [];
  for (let at = 0; at < length; at = next[at] ?? length)
    ids.push(ranks.get(piece.slice(at, next[at])) ?? 0);
  return ids;
}

interface Pair {
  readonly rank: number;
  readonly left: number;
  readonly right: number;
  readonly end: number;
}

function before(a: Pair, b: Pair): boolean {
  return a.rank < b.rank || (a.rank === b.rank && a.left < b.left);
}

/** Binary heap of pairs, lowest rank first. */
class PairHeap {
  readonly #pairs: Pair[] = [];

  push(pair: Pair): void {
    const pairs = this.#pairs;
    let at = pairs.length;
    pairs.push(pair);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = pairs[parent];
      if (above === undefined || !before(pair, above)) break;
      pairs[at] = above;
      at = parent;
    }
    pairs[at] = pair;
  }

  pop(): Pair | undefined {
    const pairs = this.#pairs;
    const [top] = pairs;
    const last = pairs.pop();
    if (last === undefined || pairs.length === 0) return top;
    let at = 0;
    for (;;) {
      const child = this.#smallerChild(at);
      const pair = pairs[child];
      if (pair === undefined || !before(pair, last)) break;
      pairs[at] = pair;
      at = child;
    }
    pairs[at] = last;
    return top;
  }

  #smallerChild(at: number): number {
    const left = 2 * at + 1;
    const a = this.#pairs[left];
    const b = this.#pairs[left + 1];
    return a !== undefined && b !== undefined && before(b, a) ? left + 1 : left;
  }
}
