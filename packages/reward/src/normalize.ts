import { latexToText } from "./latex-text.ts";
import { enclosedText } from "./mathd.ts";
import { integerText, isNearInteger, parseFloatText, strip } from "./python-number.ts";

/** Unit words vanish wherever they stand, also inside other words; the order matters ("centimeter" before "meter"). */
const UNITS =
  "degree cm centimeter meter mile second minute hour day week month year foot feet inch yard"
    .split(" ")
    .map((word) => ({ word, pattern: new RegExp(`${word}(?:es)?s? *(?:\\^[0-9]+)?`, "g") }));

/** The reference's names for what its converter writes as signs. */
const SPELLINGS: readonly (readonly [string, string])[] = [
  ["√", "sqrt"],
  ["π", "pi"],
  ["∞", "inf"],
  ["∪", "U"],
  ["·", "*"],
  ["×", "*"],
];

/** The normal form of the reference's rule half: what the rules for tuples, integers and fractions read. */
export function normalize(answer: string): string {
  let text = enclosedText(answer) ?? answer;
  text = text.replaceAll("\\%", "").replaceAll("\\$", "").replaceAll("$", "").replaceAll("%", "");
  text = withoutWords(text);
  if (text.length > 1 && text.startsWith("{") && text.endsWith("}")) text = text.slice(1, -1);
  if (text.includes(",\\!")) text = text.replace(/,\\! */g, "");
  const value = parseFloatText(text);
  if (value !== undefined && isNearInteger(value)) text = integerText(roundHalfEven(value));
  if (text.includes("\\")) text = plainText(text) ?? text;
  text = text.replace(/- */g, "-");
  text = text.replace(/([0-9]) +([0-9])/g, "$1+$2");
  text = text.replaceAll(" ", "").replaceAll("{", "").replaceAll("}", "");
  text = text.toLowerCase();
  const integer = integerValue(text);
  return integer === undefined ? text : integerText(integer);
}

function withoutWords(source: string): string {
  let text = source.replaceAll(" or ", " , ").replaceAll(" and ", " , ");
  if (text.includes("illion")) {
    text = text.replaceAll("million", "*10^6").replaceAll("billion", "*10^9");
    text = text.replaceAll("trillion", "*10^12");
  }
  for (const { word, pattern } of UNITS) {
    if (text.includes(word)) text = text.replace(pattern, "");
  }
  return text.includes("\\circ") ? text.replace(/\^ *\\circ/g, "") : text;
}

function plainText(latex: string): string | undefined {
  const source = latex
    .replaceAll("\\tfrac", "\\frac")
    .replaceAll("\\dfrac", "\\frac")
    // The blank keeps the whole part of a mixed number apart.
    .replaceAll("\\frac", " \\frac");
  const text = latexToText(source);
  if (text === undefined) return undefined;
  return strip(SPELLINGS.reduce((result, [sign, name]) => result.replaceAll(sign, name), text));
}

function roundHalfEven(value: number): number {
  // Only values within 1e-7 of an integer come here, so no half can occur; -0 reads as 0.
  return Math.round(value) + 0;
}

/** The integer that a text stands for (commas allowed, fractions below 1e-7 cut off), or undefined. */
export function integerValue(text: string): number | undefined {
  const stripped = withoutGroupCommas(text);
  const value = parseFloatText(stripped);
  if (value === undefined || !isNearInteger(value)) return undefined;
  const whole = parseFloatText(text.replaceAll(",", ""));
  return whole === undefined ? undefined : Math.trunc(whole) + 0;
}

const GROUP_COMMA = /(\p{Nd}),(\p{Nd}{3})($|\P{Nd})/gu;

/** Removes commas before three digits until none is left to remove; every second of a row of groups survives, as in the reference. */
export function withoutGroupCommas(source: string): string {
  let text = source;
  while (text.includes(",")) {
    const next = text.replace(GROUP_COMMA, "$1$2$3");
    if (next === text) break;
    text = next;
  }
  return text;
}
