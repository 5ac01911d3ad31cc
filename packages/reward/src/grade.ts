import type { Json } from "@moonlight-rl/core";

/**
 * What became of one response, beside its reward.
 *
 * - `correct`, `wrong`: an answer was found and compared.
 * - `no_answer`: nothing in the response has the form of an answer.
 * - `unparsable`: an answer was found, is not textually equal to the label, and the comparison that
 *   would settle it is beyond this grader (or beyond anyone: not an expression). The reward is that of a wrong answer.
 * - `truncated`: no answer was found in a response that was cut off at its length limit.
 * - `timed_out`: grading was cut off at its deadline or its memory limit (`Grading`). The reward is that of a wrong answer.
 */
export type Outcome = "correct" | "wrong" | "no_answer" | "unparsable" | "truncated" | "timed_out";

export interface Grade {
  readonly reward: number;
  readonly outcome: Outcome;
  /** The answer as found in the response, before normalisation. */
  readonly extracted: string | null;
}

export interface GradeContext {
  /** Whether the response was cut off at its length limit. Never changes a reward. */
  readonly truncated?: boolean;
  /** What a row says beside its label; `gpqa` reads it. */
  readonly metadata?: Json;
}

/** A label as it stands in a data file: nearly always a string or a number. */
export type Label = Json | undefined;

/** Compares a response with a label. Pure, synchronous and linear in the response's length. */
export type Grader = (response: string, label: Label, context?: GradeContext) => Grade;

/** A response to grade, as data. */
export interface GradingTask extends GradeContext {
  readonly response: string;
  readonly label: Label;
  /** What the response is to; graders of your own and reward models get it. */
  readonly prompt?: Json;
}

/** The grade of a response in which no answer was found. */
export function withoutAnswer(reward: number, context: GradeContext | undefined): Grade {
  return {
    reward,
    outcome: context?.truncated === true ? "truncated" : "no_answer",
    extracted: null,
  };
}
