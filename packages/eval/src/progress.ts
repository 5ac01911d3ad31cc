import type { Emit } from "@moonlight-rl/core";
import type { EvaluationSet } from "./evaluation-set.ts";
import type { Answer } from "./policy/answer.ts";
import type { Policy } from "./policy/policy.ts";
import { isRight } from "./result/graded-sample.ts";
import type { RecordedGrade } from "./sampling/recorded-grade.ts";
import type { SampleFacts } from "./sampling/sample-facts.ts";

/** Samples that travel as events: the first of each of so many problems. */
const SHOWN_SAMPLES = 20;
/** An event per response would drown the others. */
const EVERY = 64;

/** Turns finished samples of a set into events. */
export class Progress {
  readonly #set: EvaluationSet;
  readonly #policy: Policy;
  readonly #emit: Emit;
  #done = 0;
  #right = 0;

  constructor(set: EvaluationSet, emit: Emit, policy: Policy) {
    this.#set = set;
    this.#policy = policy;
    this.#emit = emit;
  }

  resumed(answers: number): void {
    this.#emit({ type: "log", message: `${answers} samples were on record already` });
  }

  sample(facts: SampleFacts, fresh?: { answer: Answer; grade: RecordedGrade }): void {
    this.#done++;
    if (isRight(facts)) this.#right++;
    if (this.#done % EVERY === 0 || this.#done === this.#set.requests.length) {
      this.#report(this.#done);
    }
    if (fresh !== undefined && facts.sample === 0 && facts.problem < SHOWN_SAMPLES) {
      this.#show(fresh.answer, fresh.grade);
    }
  }

  /** Responses that are finished and not handed on yet. */
  within(finished: number): void {
    if (finished % EVERY === 0) this.#report(this.#done + finished);
  }

  #report(done: number): void {
    this.#emit({
      type: "progress",
      task: `eval ${this.#set.name}`,
      done,
      total: this.#set.requests.length,
      unit: "samples",
      ...(this.#done > 0 && {
        message: `${((100 * this.#right) / this.#done).toFixed(1)} % right so far`,
      }),
    });
  }

  #show({ problem: index, sample, response, truncated }: Answer, grade: RecordedGrade): void {
    const problem = this.#set.problems[index];
    if (problem === undefined) return;
    const { label } = problem;
    this.#emit({
      type: "sample",
      step: 0,
      phase: "eval",
      group: index,
      index: sample,
      prompt: this.#policy.promptText(problem),
      response,
      label: typeof label === "string" ? label : JSON.stringify(label),
      reward: grade.reward,
      outcome: grade.outcome,
      truncated,
    });
  }
}
