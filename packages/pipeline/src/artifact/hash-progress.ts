import type { Emit } from "@moonlight-rl/core";

/** Events come at least so many bytes apart: some tens per second when hashing is fast. */
const STEP = 32 << 20;

/** Tells how far the hashing of many files is. */
export class HashProgress {
  readonly #task: string;
  readonly #total: number;
  readonly #emit: Emit | undefined;
  #done = 0;
  #told = 0;

  constructor(kind: string, total: number, emit: Emit | undefined) {
    this.#task = `hash ${kind}`;
    this.#total = total;
    this.#emit = emit;
  }

  readonly add = (bytes: number): void => {
    this.#done += bytes;
    if (this.#done - this.#told < STEP) return;
    this.#tell();
  };

  /** All of it is done; files that were known already count too. */
  finish(): void {
    this.#done = this.#total;
    this.#tell();
  }

  #tell(): void {
    this.#told = this.#done;
    this.#emit?.({
      type: "progress",
      task: this.#task,
      done: this.#done,
      total: this.#total,
      unit: "bytes",
    });
  }
}
