import { useEffect, useState } from "preact/hooks";
import { faultOf, getAnswer, type FaultBody } from "./answer.ts";

export interface Answer<T> {
  /** The newest one of this address; while it is asked again, the one before. */
  readonly data: T | undefined;
  readonly fault: FaultBody | undefined;
  readonly loading: boolean;
  /** Asks again. */
  readonly retry: () => void;
}

interface Held<T> {
  readonly at: string | undefined;
  readonly data?: T;
  readonly fault?: FaultBody;
  readonly loading: boolean;
}

/** The answer of an address, asked again whenever `revision` changes; undefined asks nothing. `sticky`: the old data stays until another address has answered. */
export function useAnswer<T>(
  at: string | undefined,
  revision = 0,
  { sticky = false }: { readonly sticky?: boolean } = {},
): Answer<T> {
  const [held, hold] = useState<Held<T>>({ at: undefined, loading: at !== undefined });
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (at === undefined) return undefined;
    const stop = new AbortController();
    hold((before) => ({
      ...(before.at === at || sticky ? before : {}),
      at,
      loading: true,
    }));
    getAnswer<T>(at, stop.signal).then(
      (data) => hold({ at, data, loading: false }),
      (error: unknown) => {
        if (stop.signal.aborted) return;
        hold((before) => ({ ...before, at, fault: faultOf(error), loading: false }));
      },
    );
    return () => stop.abort();
  }, [at, revision, tries, sticky]);
  const current = held.at === at || sticky;
  return {
    data: current ? held.data : undefined,
    fault: held.at === at ? held.fault : undefined,
    loading: at !== undefined && (held.at !== at || held.loading),
    retry: () => setTries((count) => count + 1),
  };
}
