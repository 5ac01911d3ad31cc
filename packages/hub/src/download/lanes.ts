import type { ByteRange } from "../protocol/byte-range.ts";

/** A file that has ranges to fetch. */
export interface LaneTask {
  /** A range that can be fetched now; undefined when there is none at the moment, or at all. */
  next(): ByteRange | undefined;
  /** No range will ever be left to give out. */
  exhausted(): boolean;
  run(range: ByteRange): Promise<void>;
}

interface Worked {
  readonly task: LaneTask;
  readonly settle: () => void;
  active: number;
  failed: boolean;
}

/** Before the first measurement. */
const FIRST = 8;
const MEASURE_MS = 400;
const GROWTH = 4;
/** More lanes have to bring this much, or they only cost. */
const WORTHWHILE = 1.08;
const COOLDOWN_MS = 10_000;
const SETTLE_MS = 10;

/**
 * Requests in flight over all files. Files come before ranges: a file's second range begins when no other file waits, so that
 * most bytes arrive at a frontier. More lanes are tried, kept when they bring throughput and taken back
 * when not; they are halved when a server says that it is too much.
 */
export class Lanes {
  readonly max: number;
  readonly #works = new Set<Worked>();
  readonly #now: () => number;
  #limit: number;
  #active = 0;
  #best = 0;
  /** The last step up was a try. */
  #trying = false;
  #coolUntil = 0;
  #congestedUntil = 0;
  /** Undefined until the next byte arrives. */
  #window: { readonly start: number; bytes: number } | undefined;
  /** All lanes were in use at the end of the last measurement. */
  #full = false;

  constructor(max: number, now: () => number = () => performance.now()) {
    this.max = max;
    this.#limit = Math.min(max, FIRST);
    this.#now = now;
  }

  /** How many requests may be in flight now. */
  get limit(): number {
    return this.#limit;
  }

  /** Fetches all ranges of a file. The first failure ends it, once its other ranges have ended. */
  async work(task: LaneTask): Promise<void> {
    let failure: { readonly error: unknown } | undefined;
    const guarded: LaneTask = {
      next: () => task.next(),
      exhausted: () => task.exhausted(),
      run: async (range) => {
        try {
          await task.run(range);
        } catch (error) {
          failure ??= { error };
          worked.failed = true;
        }
      },
    };
    let worked!: Worked;
    await new Promise<void>((resolve) => {
      worked = { task: guarded, settle: resolve, active: 0, failed: false };
      this.#works.add(worked);
      // Files that open at about the same time get their first range each, before one of them gets all lanes.
      if (this.#active < this.#limit) this.#start(worked);
      setTimeout(() => {
        this.#pump();
      }, SETTLE_MS);
    });
    if (failure !== undefined) throw failure.error;
  }

  /** Bytes have arrived. */
  received(bytes: number): void {
    const window = this.#window;
    if (window === undefined) {
      // What came before the clock ran does not count, nor does the time without any.
      this.#window = { start: this.#now(), bytes: 0 };
      return;
    }
    window.bytes += bytes;
    const elapsed = this.#now() - window.start;
    if (elapsed < MEASURE_MS) return;
    this.#window = undefined;
    // A time in which lanes were free says nothing about more of them, and after it requests are still getting under way.
    const full = this.#active >= this.#limit;
    const steady = full && this.#full;
    this.#full = full;
    if (steady && this.#now() >= this.#coolUntil) this.#judge(window.bytes / elapsed);
  }

  /** Takes back what was tried and has brought nothing, else tries more. */
  #judge(rate: number): void {
    if (this.#trying && rate < this.#best * WORTHWHILE) {
      // More ranges of a file run ahead of its frontier and are read again, so what brings nothing costs.
      this.#trying = false;
      this.#limit = Math.max(1, this.#limit - GROWTH);
      this.#coolUntil = this.#now() + COOLDOWN_MS;
      return;
    }
    this.#best = rate;
    this.#trying = this.#limit < this.max;
    this.#limit = Math.min(this.max, this.#limit + GROWTH);
    this.#pump();
  }

  /** The server has refused for load: half as many requests, and no more of them for a while. */
  congested(): void {
    if (this.#now() < this.#congestedUntil) return;
    this.#congestedUntil = this.#now() + COOLDOWN_MS / 2;
    this.#limit = Math.max(1, this.#limit >> 1);
    this.#trying = false;
    this.#coolUntil = this.#now() + COOLDOWN_MS;
  }

  #pump(): void {
    for (const worked of this.#works) this.#endIfIdle(worked);
    while (this.#active < this.#limit) {
      const started = [...this.#works]
        .sort((a, b) => a.active - b.active)
        .some((worked) => this.#start(worked));
      if (!started) return;
    }
  }

  #start(worked: Worked): boolean {
    const range = worked.failed ? undefined : worked.task.next();
    if (range === undefined) return false;
    this.#active++;
    worked.active++;
    void this.#run(worked, range);
    return true;
  }

  async #run(worked: Worked, range: ByteRange): Promise<void> {
    await worked.task.run(range);
    this.#active--;
    worked.active--;
    this.#pump();
  }

  #endIfIdle(worked: Worked): void {
    if (worked.active > 0 || !(worked.failed || worked.task.exhausted())) return;
    this.#works.delete(worked);
    worked.settle();
  }
}
