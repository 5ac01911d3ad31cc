import { UsageError } from "@moonlight-rl/core";
import type { Grade, GradeContext, Grader, Label } from "./grade.ts";
import { labelText } from "./label.ts";
import { integerText, parseFloatText, strip } from "./python-number.ts";

/** Only the end of a response is searched, counted in characters. */
const WINDOW = 300;
const NOT_FOUND = "[INVALID]";
const SPACE =
  "[\\t-\\r\\u001C- \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000]";
/** Case-insensitive; spelled out, because that is faster than the flag. The long s counts as an s. */
const ANSWER = new RegExp(`[Aa][Nn][Ss\u017F][Ww][Ee][Rr]${SPACE}*:${SPACE}*([^\\n]+)`, "g");

/** In this order, each everywhere, also within words. */
const SUBSTITUTIONS: readonly (readonly [string, string])[] = [
  ["an ", ""],
  ["a ", ""],
  [".$", "$"],
  ["\\$", ""],
  ["\\ ", ""],
  [" ", ""],
  ["mbox", "text"],
  [",\\text{and}", ","],
  ["\\text{and}", ","],
  ["\\text{m}", "\\text{}"],
];

const REMOVED: readonly string[] = [
  ...(
    "square ways integers dollars mph inches hours km units \\ldots sue points feet minutes digits cents " +
    "degrees cm gm pounds meters meals edges students childrentickets multiples"
  ).split(" "),
  "\\text{s}",
  "\\text{.}",
  "\\text{\ns}",
  "\\text{}^2",
  "\\text{}^3",
  "\\text{\n}",
  "\\text{}",
  "\\mathrm{th}",
  "^\\circ",
  "^{\\circ}",
  "\\;",
  ",\\!",
  "{,}",
  '"',
  "\\dots",
  "<|im_end|>",
  "<|endoftext|>",
];

/** Decimal digits of all scripts, and the raised, lowered and ringed ones. */
const DIGITS = /^[\p{Nd}²³¹⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒]+$/u;

/**
 * The reference's `dapo` grader: 1 if what follows the last "Answer:" near the end of the response is the
 * label, an integer, else -1. Throws `UsageError` where the label is not a number.
 */
export const gradeDapo: Grader = (response, label, context) => {
  const truth = integerLabel(label);
  const found = lastAnswer(response);
  const prediction = dapoForm(found ?? NOT_FOUND);
  if (prediction === truth) return { reward: 1, outcome: "correct", extracted: found ?? null };
  return missed(found, context);
};

function missed(found: string | undefined, context: GradeContext | undefined): Grade {
  if (found !== undefined) return { reward: -1, outcome: "wrong", extracted: found };
  const outcome = context?.truncated === true ? "truncated" : "no_answer";
  return { reward: -1, outcome, extracted: null };
}

function lastAnswer(response: string): string | undefined {
  let end = response.slice(-2 * WINDOW);
  // Where characters take two code units the window is counted out, else it is a slice.
  end = /[\uD800-\uDFFF]/.test(end) ? Array.from(end).slice(-WINDOW).join("") : end.slice(-WINDOW);
  let last: string | undefined;
  for (const match of end.matchAll(ANSWER)) last = match[1];
  return last;
}

function integerLabel(label: Label): string {
  const value = parseFloatText(dapoForm(labelText(label)));
  if (value === undefined || !Number.isFinite(value)) {
    throw new UsageError(
      "LABEL_NOT_NUMERIC",
      `The label ${JSON.stringify(label) ?? "(missing)"} is not a number, as the grader "dapo" needs.`,
      { field: "label", hint: 'Use rmType "math" for labels that are not integers.' },
    );
  }
  return integerText(Math.trunc(value) + 0);
}

const PLAIN_NUMBER = /^[-+0-9.,]*$/;

/** The normal form of an answer line. */
export function dapoForm(answer: string): string {
  let text = answer.slice(answer.lastIndexOf("=") + 1);
  for (const [from, to] of SUBSTITUTIONS) text = text.replaceAll(from, to);
  if (!PLAIN_NUMBER.test(text)) text = withoutMarkup(text);
  const plain = text.includes(",") ? text.replaceAll(",", "") : text;
  return strip(DIGITS.test(plain) ? plain : text);
}

function withoutMarkup(source: string): string {
  let text = source;
  for (const word of REMOVED) text = text.replaceAll(word, "");
  if (text.includes("$")) text = text.replace(/[^\n]*?\$([^\n]*?)\$[^\n]*/g, "$$$1$$");
  if (text.includes("\\")) {
    text = text.replace(/\\text\{([^\n]*?)\}/g, "$1").replace(/\\textbf\{([^\n]*?)\}/g, "$1");
    text = text.replace(/\\overline\{([^\n]*?)\}/g, "$1").replace(/\\boxed\{([^\n]*)\}/g, "$1");
  }
  text = text.replace(/frac([^{])([^\n])/gu, "frac{$1}{$2}").replace(/sqrt([^{])/gu, "sqrt{$1}");
  return text.replaceAll("$", "");
}
