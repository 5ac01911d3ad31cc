import type { Problem } from "../data/problem.ts";
import type { Settings } from "../settings.ts";
import type { Answer, SampleRequest } from "./answer.ts";

/** What answers problems: a checkpoint in the embedded engine, a server, or a file of saved responses. */
export interface Policy {
  /** The text that the problem's answers continue, as it is shown to people. */
  promptText(problem: Problem): string;
  /**
   * Answers every request exactly once, in any order and in groups of any size. The next answers wait for
   * `onAnswers`, so that no more of them are in memory than are being worked on.
   */
  answer(
    requests: readonly SampleRequest[],
    options: {
      readonly onAnswers: (answers: readonly Answer[]) => Promise<void>;
      readonly signal: AbortSignal;
    },
  ): Promise<void>;
}

/** Gives a policy to each set that is evaluated, over one engine or one pool of connections. */
export interface PolicySource {
  forSet(set: PolicyJob): Policy;
  close(): Promise<void>;
}

/** What a policy has to know of a set. */
export interface PolicyJob {
  readonly problems: readonly Problem[];
  readonly settings: Settings;
  /** Called as responses finish that are not handed on yet, with how many those are. */
  readonly onResponses?: (finished: number) => void;
}
