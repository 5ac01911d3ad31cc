import { sha256 } from "@moonlight-rl/core";
import type { Answer } from "../policy/answer.ts";
import type { GradedSample } from "../result/graded-sample.ts";
import { isRepetitive } from "./repetition.ts";
import type { RecordedGrade } from "./recorded-grade.ts";

/** What the figures need of a sample: all that stays in memory of it. */
export interface SampleFacts {
  readonly problem: number;
  readonly sample: number;
  readonly tokens: number | null;
  /** Characters (UTF-16 units) of the response. */
  readonly characters: number;
  readonly truncated: boolean;
  /** Whether the response goes round in circles at its end. */
  readonly repetitive: boolean;
  readonly reward: number;
  readonly outcome: GradedSample["outcome"];
  /** What the sample votes for in a majority: equal texts vote alike. null = no answer was found. */
  readonly vote: string | null;
}

export type AnswerFacts = Pick<
  SampleFacts,
  "problem" | "sample" | "tokens" | "characters" | "truncated" | "repetitive"
>;

export function answerFacts(answer: Answer): AnswerFacts {
  const { problem, sample, tokens, truncated, response } = answer;
  const characters = response.length;
  return { problem, sample, tokens, characters, truncated, repetitive: isRepetitive(response) };
}

export function sampleFacts(answer: AnswerFacts, grade: RecordedGrade): SampleFacts {
  const { reward, outcome, extracted } = grade;
  return { ...answer, reward, outcome, vote: extracted === null ? null : voteOf(extracted) };
}

/** Spaces do not make another answer; a long one is told apart by its digest. */
function voteOf(extracted: string): string {
  const text = extracted.replaceAll(/\s+/g, "");
  return text.length <= 64 ? text : sha256(text);
}
