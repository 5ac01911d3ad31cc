import type { Emit } from "@moonlight-rl/core";
import type { GradedSample } from "./result/graded-sample.ts";

/** Samples that travel as events: the first of each of so many problems. */
const SHOWN_SAMPLES = 20;

/** Turns finished batches into events. */
export class Progress {
  readonly #task: string;
  readonly #total: number;
  readonly #emit: Emit;
  #done = 0;
  #right = 0;

  constructor(name: string, total: number, emit: Emit) {
    this.#task = `eval ${name}`;
    this.#total = total;
    this.#emit = emit;
  }

  batch(samples: readonly GradedSample[], resumed: boolean): void {
    this.#done += samples.length;
    this.#right += samples.filter(({ reward }) => reward === 1).length;
    if (resumed) {
      this.#emit({ type: "log", message: `${samples.length} samples were on record already` });
    }
    this.#report(this.#done);
    for (const sample of samples) {
      if (sample.sample === 0 && sample.problem < SHOWN_SAMPLES) this.#show(sample);
    }
  }

  within(finished: number): void {
    // An event per response would drown the others.
    if (finished % 64 === 0) this.#report(this.#done + finished);
  }

  #report(done: number): void {
    this.#emit({
      type: "progress",
      task: this.#task,
      done,
      total: this.#total,
      unit: "samples",
      ...(this.#done > 0 && {
        message: `${((100 * this.#right) / this.#done).toFixed(1)} % right so far`,
      }),
    });
  }

  #show(sample: GradedSample): void {
    const { problem, prompt, response, label, reward, outcome, truncated } = sample;
    this.#emit({
      type: "sample",
      step: 0,
      phase: "eval",
      group: problem,
      index: sample.sample,
      prompt,
      response,
      label: typeof label === "string" ? label : JSON.stringify(label),
      reward,
      outcome,
      truncated,
    });
  }
}
