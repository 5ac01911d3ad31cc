import { useEffect, useRef, useState } from "preact/hooks";
import { faultOf, getAnswer, type FaultBody } from "./answer.ts";

export interface PageOf<T> {
  readonly total: number;
  readonly offset: number;
  readonly items: readonly T[];
}

export const PAGE_SIZE = 100;
/** Pages that stay in memory: what the reader scrolled away from is asked for again. */
const HELD_PAGES = 8;

export interface Pages<T> {
  /** undefined: not known yet. */
  readonly total: number | undefined;
  readonly fault: FaultBody | undefined;
  readonly item: (index: number) => T | undefined;
  /** The newest whole answer, for what it says beside the items. */
  readonly answer: PageOf<T> | undefined;
  readonly retry: () => void;
}

interface Held<T> {
  readonly items: readonly T[];
  readonly revision: number;
}

interface Memory<T> {
  readonly name: string;
  readonly pages: Map<number, Held<T>>;
  total: number | undefined;
  answer: PageOf<T> | undefined;
  fault: FaultBody | undefined;
}

function blank<T>(name: string): Memory<T> {
  return { name, pages: new Map(), total: undefined, answer: undefined, fault: undefined };
}

/** A long list of the server, of which the pages around `first` to `last` are fetched and a few are kept. */
export function usePages<T>(
  source: (offset: number, limit: number) => string,
  [first, last]: readonly [number, number],
  revision = 0,
): Pages<T> {
  const name = source(0, 0);
  const [, redraw] = useState(0);
  const [tries, setTries] = useState(0);
  const memory = useRef<Memory<T>>(blank(name));
  if (memory.current.name !== name) memory.current = blank(name);
  const from = Math.floor(Math.max(0, first) / PAGE_SIZE);
  const to = Math.floor(Math.max(first, last) / PAGE_SIZE);
  useEffect(() => {
    const stop = new AbortController();
    const held = memory.current;
    const load = async (page: number): Promise<void> => {
      const known = held.pages.get(page);
      if (known?.revision === revision) {
        // The least recently seen one goes first.
        held.pages.delete(page);
        held.pages.set(page, known);
        return;
      }
      try {
        const answer = await getAnswer<PageOf<T>>(source(page * PAGE_SIZE, PAGE_SIZE), stop.signal);
        held.pages.delete(page);
        held.pages.set(page, { items: answer.items, revision });
        for (const old of held.pages.keys())
          if (held.pages.size > Math.max(HELD_PAGES, to - from + 1)) held.pages.delete(old);
        held.total = answer.total;
        held.answer = answer;
        held.fault = undefined;
      } catch (error) {
        if (stop.signal.aborted) return;
        held.fault = faultOf(error);
      }
      if (held === memory.current) redraw((n) => n + 1);
    };
    for (let page = from; page <= to; page++) void load(page);
    return () => stop.abort();
  }, [name, from, to, revision, tries]);
  const { pages, total, answer, fault } = memory.current;
  return {
    total,
    answer,
    fault,
    item: (index) => pages.get(Math.floor(index / PAGE_SIZE))?.items[index % PAGE_SIZE],
    retry: () => setTries((n) => n + 1),
  };
}
