import { UsageError } from "@moonlight-rl/core";
import type { Grader } from "./grade.ts";
import { SPACE } from "./python-number.ts";

/**
 * The reference's `f1` grader: F1 of the words that response and label have in common, 0 to 1. Case, ASCII punctuation and
 * articles do not count; "yes", "no" and "noanswer" have to be the whole of both. Errors: `LABEL_NOT_TEXT`.
 */
export const gradeF1: Grader = (response, label) => {
  if (typeof label !== "string") {
    throw new UsageError(
      "LABEL_NOT_TEXT",
      `The label ${JSON.stringify(label) ?? "(missing)"} is not a text.`,
      { field: "label", hint: "f1 compares words: write the label as a text." },
    );
  }
  const given = words(response);
  const reward = f1(given, words(label));
  if (given.length === 0) return { reward, outcome: "no_answer", extracted: null };
  return { reward, outcome: reward === 1 ? "correct" : "wrong", extracted: given.join(" ") };
};

/** Answers that are right as a whole or not at all. */
const WHOLE: ReadonlySet<string> = new Set(["yes", "no", "noanswer"]);

function f1(given: readonly string[], wanted: readonly string[]): number {
  const texts = [given.join(" "), wanted.join(" ")];
  if (texts[0] !== texts[1] && texts.some((text) => WHOLE.has(text))) return 0;
  const left = new Map<string, number>();
  for (const word of wanted) left.set(word, (left.get(word) ?? 0) + 1);
  let same = 0;
  for (const word of given) {
    const count = left.get(word) ?? 0;
    if (count === 0) continue;
    left.set(word, count - 1);
    same++;
  }
  if (same === 0) return 0;
  const precision = same / given.length;
  const recall = same / wanted.length;
  return (2 * precision * recall) / (precision + recall);
}

const PUNCTUATION = /[!-/:-@[-`{-~]/g;
const ARTICLE = /(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])/gu;
const SPACES = new RegExp(`[${SPACE}]+`);

/** Punctuation goes before articles do, so "a-b" is the word "ab". */
function words(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll(PUNCTUATION, "")
    .replaceAll(ARTICLE, " ")
    .split(SPACES)
    .filter((word) => word !== "");
}
