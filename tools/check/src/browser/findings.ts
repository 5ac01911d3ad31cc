import type { Verdict } from "../gate.ts";

/** What a drive through the page found, step by step. */
export class Findings {
  #passed = 0;
  readonly #failures: string[] = [];
  readonly #notes: string[] = [];
  readonly #boundsHold: boolean;

  /** `boundsHold`: a time over its bound is a failure; else it is only printed, as on a machine that does other things as well. */
  constructor({ boundsHold }: { readonly boundsHold: boolean }) {
    this.#boundsHold = boundsHold;
  }

  /** A step that throws, or gives sentences on what is wrong. */
  async step(what: string, act: () => Promise<readonly string[] | void>): Promise<void> {
    try {
      const faults = (await act()) ?? [];
      if (faults.length === 0) this.#passed++;
      else this.#failures.push(...faults.map((fault) => `${what}: ${fault}`));
    } catch (error) {
      this.#failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The middle of several measurements has to stay below a bound, where bounds hold; it is printed in any case. */
  async below(
    what: string,
    bound: number,
    unit: string,
    measure: () => Promise<number>,
    times = 5,
  ): Promise<void> {
    await this.step(what, async () => {
      const values: number[] = [];
      for (let i = 0; i < times; i++) values.push(await measure());
      values.sort((a, b) => a - b);
      const middle = values[Math.floor(times / 2)] ?? Infinity;
      const most = values.at(-1) ?? Infinity;
      this.note(`${what}: ${middle.toFixed(1)} ${unit} (most ${most.toFixed(1)}, bound ${bound})`);
      return !this.#boundsHold || middle < bound
        ? []
        : [`${middle.toFixed(1)} ${unit} is not below ${bound}`];
    });
  }

  note(text: string): void {
    this.#notes.push(text);
  }

  verdict(): Verdict {
    return { passed: this.#passed, failures: this.#failures, notes: this.#notes };
  }
}
