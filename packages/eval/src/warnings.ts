import { formatPercent, type Emit } from "@moonlight-rl/core";
import type { EvalResult } from "./result/result.ts";

const MAX_TRUNCATED = 0.1;
const MAX_WITHOUT_ANSWER = 0.2;
const MAX_UNPARSABLE = 0.1;
const MAX_REPETITIVE = 0.05;
const FEW_PROBLEMS = 10;

/** Says what makes a result less than it seems. */
export function warnAbout(result: EvalResult, emit: Emit): void {
  const warn = (code: string, message: string, hint: string): void =>
    emit({ type: "warning", code, message: `${result.name}: ${message}`, hint });
  const { truncatedShare, closedShare, outcomes, settings } = result;
  if (truncatedShare > MAX_TRUNCATED) {
    warn(
      "EVAL_TRUNCATED",
      `${formatPercent(truncatedShare)} of the responses were cut off at their length limit (${settings.maxResponseLen} tokens).`,
      "Raise maxResponseLen: what is cut off can hardly be right.",
    );
  }
  if (1 - closedShare > MAX_WITHOUT_ANSWER) {
    warn(
      "EVAL_NO_ANSWER",
      `In ${formatPercent(1 - closedShare)} of the responses no answer was found.`,
      `Look at samples.ndjson: does the prompt ask for the form that the grader "${settings.rmType}" reads?`,
    );
  }
  if (outcomes.unparsable > MAX_UNPARSABLE) {
    warn(
      "EVAL_UNPARSABLE",
      `${formatPercent(outcomes.unparsable)} of the answers could not be compared with their label and count as wrong.`,
      "Some may be right: look for them in samples.ndjson by their outcome.",
    );
  }
  if (outcomes.timed_out > 0) {
    warn(
      "EVAL_TIMED_OUT",
      `the grader did not get done with ${formatPercent(outcomes.timed_out)} of the responses, which count as wrong.`,
      "Look for them in samples.ndjson by their outcome.",
    );
  }
  if ((result.repetitiveShare ?? 0) > MAX_REPETITIVE) {
    warn(
      "EVAL_REPETITIVE",
      `${formatPercent(result.repetitiveShare ?? 0)} of the responses go round in circles at their end.`,
      "The policy may have collapsed, or the temperature is too low.",
    );
  }
  const { contamination } = result;
  if (contamination !== undefined) {
    const { exact, overlapping, trainingPrompts } = contamination;
    if (exact.length + overlapping.length > 0) {
      warn(
        "EVAL_CONTAMINATED",
        `of ${result.problems} problems ${exact.length} are training prompts and ${overlapping.length} more share most of their text with some (of ${trainingPrompts}).`,
        "results.json lists them under contamination; leave them out, or distrust a gain.",
      );
    }
  }
  if (result.accuracy.mean === 0) {
    warn(
      "EVAL_ALL_ZERO",
      "no response was right.",
      "Check the grader's name, the labels and the chat template before trusting this.",
    );
  }
  if (result.problems < FEW_PROBLEMS) {
    warn(
      "EVAL_FEW_PROBLEMS",
      `${result.problems} problems say little: the interval is ${formatPercent(result.accuracy.interval.low)} to ${formatPercent(result.accuracy.interval.high)}.`,
      "More samples per problem do not help; more problems do.",
    );
  }
}
