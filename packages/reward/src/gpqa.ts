import { UsageError, type Json } from "@moonlight-rl/core";
import { withoutAnswer, type Grader, type Label } from "./grade.ts";
import { labelText } from "./label.ts";
import { SPACE, strip } from "./python-number.ts";

const LETTERS = Array.from("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
const DEFAULT_LETTERS = 8;

/**
 * The reference's `gpqa` grader for multiple choice, 0 or 1: the letter that the response names against the label's letter, else
 * the text of the right choice anywhere in the response. `metadata` may have `choices`, `valid_letters`, `correct_letter`,
 * `correct_answer`, `answer_text`. Errors: `GPQA_METADATA_INVALID`, where the reference fails as well.
 */
export const gradeGpqa: Grader = (response, label, context) => {
  const metadata = recordOf(context?.metadata);
  const choices = choicesOf(metadata);
  const letters = lettersOf(metadata, choices);
  const text = typeof label === "string" ? strip(label) : undefined;
  let correct = wantedLetter(label, text, metadata, letters);
  const targets: string[] = [];
  if (correct === undefined && choices !== undefined && text !== undefined && text !== "") {
    const at = choices.findIndex((choice) => plain(labelText(choice)) === plain(text));
    if (at >= letters.length) throw invalid("valid_letters", "has fewer entries than choices");
    correct = letters[at];
    // The reference notes the choice in the metadata, where it then counts as the answer's text.
    if (correct !== undefined && metadata["correct_answer"] === undefined) {
      targets.push(labelText(choices[at]));
    }
  }
  const answer = afterThinking(response);
  const named = namedLetter(answer, letters);
  if (named !== undefined && correct !== undefined) return graded(named === correct, named);
  if (correct !== undefined && choices !== undefined) {
    const choice = choices[letters.indexOf(correct)];
    if (choice !== undefined) targets.push(labelText(choice));
  }
  for (const key of ["correct_answer", "answer_text"]) {
    const value = metadata[key];
    if (isTruthy(value)) targets.push(labelText(value));
  }
  if (text !== undefined) targets.push(text);
  const said = plain(answer);
  const found = targets.map(plain).find((target) => target !== "" && said.includes(target));
  if (found !== undefined) return graded(true, found);
  if (named === undefined) return withoutAnswer(0, context);
  return graded(text !== undefined && text !== "" && named === text.toUpperCase(), named);
};

function graded(right: boolean, extracted: string): ReturnType<Grader> {
  return { reward: right ? 1 : 0, outcome: right ? "correct" : "wrong", extracted };
}

type Metadata = Readonly<Record<string, Json | undefined>>;

function recordOf(metadata: Json | undefined): Metadata {
  const isRecord = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
  return isRecord ? (metadata as Metadata) : {};
}

function choicesOf({ choices }: Metadata): Json[] | undefined {
  return choices === undefined || choices === null ? undefined : itemsOf(choices, "choices", true);
}

function lettersOf({ valid_letters: given }: Metadata, choices: Json[] | undefined): string[] {
  if (isTruthy(given)) {
    return itemsOf(given, "valid_letters").map((letter) => labelText(letter).toUpperCase());
  }
  const count = choices === undefined || choices.length === 0 ? DEFAULT_LETTERS : choices.length;
  return LETTERS.slice(0, count);
}

function itemsOf(value: Json | undefined, field: string, ofValues = false): Json[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "string") return [...value];
  if (typeof value === "object" && value !== null) {
    return ofValues ? Object.values(value) : Object.keys(value);
  }
  throw invalid(field, "is not a list");
}

function wantedLetter(
  label: Label,
  text: string | undefined,
  metadata: Metadata,
  letters: readonly string[],
): string | undefined {
  const stated = metadata["correct_letter"];
  const letter = typeof stated === "string" ? strip(stated).toUpperCase() : "";
  if (typeof label === "number" || typeof label === "boolean") {
    const chosen = letters[Math.trunc(Number(label))];
    if (chosen !== undefined) return chosen === "" ? undefined : chosen;
  }
  if (letter !== "") return letter;
  if (text === undefined || [...text].length !== 1) return undefined;
  const upper = text.toUpperCase();
  return letters.includes(upper) ? upper : undefined;
}

function afterThinking(response: string): string {
  const end = response.lastIndexOf("</think>");
  return end === -1 ? response : response.slice(end + "</think>".length);
}

/** Letters that the reference's language takes for an i, an s or a k when it ignores case. */
const I = "[i\u0130\u0131]";
const S = `[${SPACE}]*`;
const LETTER = "([A-Z\u0130\u0131])";
const NAMING = [
  `(?:answer|opt${I}on|cho${I}ce)${S}(?:${I}s|:)?${S}${LETTER}`,
  `${LETTER}${S}(?:${I}s${S}(?:the)?${S}correct)`,
  `f${I}nal${S}(?:answer|opt${I}on)${S}(?:${I}s|:)?${S}${LETTER}`,
].map((pattern) => new RegExp(pattern, "iu"));
const ALONE = /(?<![\p{L}\p{N}_])[A-Z](?![\p{L}\p{N}_])/gu;

/** Only the first match of each pattern counts, then the last capital that stands alone. */
function namedLetter(text: string, letters: readonly string[]): string | undefined {
  for (const pattern of NAMING) {
    const letter = pattern.exec(text)?.[1]?.toUpperCase();
    if (letter !== undefined && letters.includes(letter)) return letter;
  }
  let last: string | undefined;
  for (const [letter] of text.matchAll(ALONE)) if (letters.includes(letter)) last = letter;
  return last;
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, " ")
    .trim();
}

function isTruthy(value: Json | undefined): value is Json {
  if (value === undefined || value === null) return false;
  if (typeof value === "object") return Object.keys(value).length > 0;
  return value !== "" && value !== 0 && value !== false;
}

function invalid(field: string, what: string): UsageError {
  return new UsageError("GPQA_METADATA_INVALID", `The metadata's "${field}" ${what}.`, {
    field: `metadata.${field}`,
  });
}
