import type { FaultKind } from "./endpoint-fault.ts";

/** A window in which more tries than this fail for overload narrows the limit. */
const TOO_MANY = 0.25;
/** One in which fewer fail widens it again. */
const FEW = 0.2;
const LEAST_WINDOW = 16;

/**
 * How many requests are under way at once. It starts with the most that are allowed and looks at windows of as many finished
 * tries: where a good part of them failed for overload the limit shrinks by that part (at most to a quarter), else it grows by
 * a quarter up to the most. Single faults, which a busy server always has, change nothing.
 */
export class Concurrency {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #limit: number;
  #active = 0;
  #finished = 0;
  #overloads = 0;

  constructor(most: number) {
    this.#most = most;
    this.#limit = most;
  }

  get limit(): number {
    return this.#limit;
  }

  /** Resolves when there is room; `urgent` = before those who wait for their first try. */
  async enter(urgent: boolean): Promise<void> {
    if (this.#active < this.#limit) {
      this.#active++;
      return;
    }
    await new Promise<void>((resolve) => {
      if (urgent) this.#waiting.unshift(resolve);
      else this.#waiting.push(resolve);
    });
  }

  leave(outcome: "ok" | FaultKind): void {
    this.#active--;
    this.#finished++;
    if (outcome === "overload") this.#overloads++;
    if (this.#finished >= Math.max(LEAST_WINDOW, this.#limit)) this.#adapt();
    while (this.#active < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#active++;
      next();
    }
  }

  #adapt(): void {
    const share = this.#overloads / this.#finished;
    if (share > TOO_MANY) {
      this.#limit = Math.max(1, Math.floor(this.#limit * Math.max(0.25, 1 - share)));
    } else if (share <= FEW) {
      this.#limit = Math.min(this.#most, Math.ceil(this.#limit * 1.25));
    }
    this.#finished = 0;
    this.#overloads = 0;
  }
}
