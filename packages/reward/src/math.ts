import { lastBoxed, mentionsBox } from "./boxed.ts";
import { withoutAnswer, type Grader, type Label } from "./grade.ts";
import { isFalsyLabel, labelText } from "./label.ts";
import { mathdForm } from "./mathd.ts";
import { normalize } from "./normalize.ts";
import { sameByRules } from "./rules.ts";
import type { Verdict } from "./difference.ts";

/** Longer answers (in code units) are compared as strings only, so that a hostile one costs little. */
const MAX_NORMALIZED = 100_000;

/**
 * The reference's `math` grader: 1 if the content of the last `\boxed{…}` equals the label, else 0.
 *
 * Equal means: the same string after normalisation, or the same elements by the rules for tuples, integers
 * and fractions, or a difference that is zero. The last is decided for arithmetic and rational functions;
 * what else would need a computer algebra system is reported as `unparsable` with reward 0.
 */
export const gradeMath: Grader = (response, label, context) => {
  const extracted = lastBoxed(response);
  if (extracted === undefined) return withoutAnswer(0, context);
  const verdict = compareAnswers(extracted, label);
  if (verdict === "equal") return { reward: 1, outcome: "correct", extracted };
  return { reward: 0, outcome: verdict === "unknown" ? "unparsable" : "wrong", extracted };
};

/** Compares an answer with a label; one that the reference takes for missing (0, "", null) equals nothing. */
export function compareAnswers(given: string, label: Label): Verdict {
  return isFalsyLabel(label) ? "different" : compareTexts(given, labelText(label));
}

/** Compares an answer with the text of a label, which may itself have a box around it. */
export function compareTexts(given: string, label: string): Verdict {
  const truth = mentionsBox(label) ? lastBoxed(label) : label;
  if (truth === undefined) return "different";
  if (mathdForm(truth) === mathdForm(given)) return "equal";
  if (Math.max(truth.length, given.length) > MAX_NORMALIZED) return "unknown";
  return sameByRules(normalize(truth), normalize(given));
}
