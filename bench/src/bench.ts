/** What a bench is asked for. */
export interface BenchOptions {
  /** Bytes of the data that benches make for themselves. */
  readonly size: number;
  /** How often each contender runs; figures are medians. */
  readonly repeat: number;
  /** Folder for data that later runs may find again: `--keep`, else a temporary one. */
  readonly folder: string;
  /** Checkout of the reference, where a bench runs its code. */
  readonly miles?: string | undefined;
  readonly signal: AbortSignal;
}

/** A figure of ours beside a peer's, both of this run and in the same unit. */
export interface Figure {
  readonly metric: string;
  readonly peer: string;
  readonly unit: string;
  readonly ours: number;
  readonly theirs: number;
  readonly better: "greater" | "smaller";
}

/** Where a bench puts what it found. */
export interface Findings {
  readonly figure: (figure: Figure) => void;
  /** A row that cannot be made here, and why: shown if the row is one that must be there. */
  readonly miss: (metric: string, peer: string, reason: string) => void;
  /** For people: settings, state of the machine, single runs. Goes to standard error. */
  readonly note: (text: string) => void;
}

/** One group of rows. A bench that throws misses all rows that it has not given by then. */
export interface Bench {
  readonly name: string;
  readonly what: string;
  run(options: BenchOptions, findings: Findings): Promise<void>;
}

/** The place of a bench that does not exist yet: its rows are misses that say so. */
export function notBuilt(name: string, what: string): Bench {
  return {
    name,
    what,
    run: () => Promise.reject(new Error("not built")),
  };
}
