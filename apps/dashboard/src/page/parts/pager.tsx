import type { VNode } from "preact";
import { count } from "../data/words.ts";

/** Steps through a list that the server hands out `page` items at a time; nothing while one page holds all. */
export function Pager({
  offset,
  total,
  page,
  one,
  words: [back, on],
  go,
}: {
  readonly offset: number;
  readonly total: number;
  readonly page: number;
  /** What one item is called. */
  readonly one: string;
  readonly words: readonly [back: string, on: string];
  readonly go: (offset: number) => void;
}): VNode | null {
  if (total <= page) return null;
  return (
    <p class="pager">
      <button
        type="button"
        class="button"
        disabled={offset === 0}
        onClick={() => go(offset - page)}
      >
        {back}
      </button>
      <span>
        {offset + 1} to {Math.min(total, offset + page)} of {count(total, one)}
      </span>
      <button
        type="button"
        class="button"
        disabled={offset + page >= total}
        onClick={() => go(offset + page)}
      >
        {on}
      </button>
    </p>
  );
}
