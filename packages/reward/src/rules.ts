import { differenceIsZero, type Verdict } from "./difference.ts";
import { integerValue, withoutGroupCommas } from "./normalize.ts";
import { strip } from "./python-number.ts";

const BRACKETS = "()[]";

/** Compares two normalised answers, element by element where they are tuples or intervals. */
export function sameByRules(label: string, given: string): Verdict {
  if (label === given) return "equal";
  if (given === "") return "different";
  const labels = elements(label);
  const givens = elements(given);
  if (labels.length !== givens.length) return "different";
  if (labels.length > 1 && (first(label) !== first(given) || last(label) !== last(given))) {
    return "different";
  }
  for (const [i, element] of labels.entries()) {
    const verdict = sameElement(element, givens[i] ?? "");
    if (verdict !== "equal") return verdict;
  }
  return "equal";
}

/** An integer matches only an integer and a fraction only the same fraction: no credit for what is left to work out. */
function sameElement(label: string, given: string): Verdict {
  if (isFraction(label) && isFraction(given)) return label === given ? "equal" : "different";
  if ((integerValue(label) === undefined) !== (integerValue(given) === undefined)) {
    return "different";
  }
  return differenceIsZero(label, given);
}

const FRACTION = /^-?[0-9]+[^\n]?\/0*[1-9][0-9]*[^\n]?\n?$/u;

function isFraction(text: string): boolean {
  return FRACTION.test(text);
}

/** The elements of `(a,b)` or `[a,b)`, or the whole as one; a bracket inside makes it one. */
function elements(text: string): string[] {
  const plain = withoutGroupCommas(text);
  if (plain === "") return [];
  const inner = plain.slice(1, -1);
  if (plain.length > 2 && isBracket(first(plain)) && isBracket(last(plain))) {
    if (![...BRACKETS].some((bracket) => inner.includes(bracket))) {
      return inner.split(",").map((element) => strip(element));
    }
  }
  return [plain];
}

function isBracket(character: string): boolean {
  return character !== "" && BRACKETS.includes(character);
}

function first(text: string): string {
  return text.charAt(0);
}

function last(text: string): string {
  return text.charAt(text.length - 1);
}
