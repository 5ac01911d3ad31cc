const DIGITS = "[0-9](?:_?[0-9])*";

/** What the reference's parser takes for one word, at the place that is looked at. */
export const NUMBER = new RegExp(
  `(?:${DIGITS}(\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?`,
  "y",
);
export const NAME = /[\p{L}\p{Nl}_][\p{L}\p{N}_]*/uy;
export const SIGNS = /[+~-]*/y;
/** Of a name that is a product: a letter, a broken number of one sign, or digits. */
export const ROW_FACTOR = /[\p{L}\p{Nl}¼-¾⅐-⅞]|[0-9]+/uy;
/** Zeros before other digits are a number of their own, and so a factor 0. */
export const LEADING_ZEROS = /0(?:_?0)*(?=_?[1-9])/y;
export const WITH_BASE = /0(?:x(?:_?[0-9a-f])+|o(?:_?[0-7])+|b(?:_?[01])+)/y;
/** Stands for the imaginary unit, which a number may end in. */
export const UNIT = "\uE000";
/** Names that mean something to the reference's parser, so that they are not products of letters. */
export const MEANINGFUL: ReadonlySet<string> = new Set(
  (
    "all as csc eye ff fft frac fu gff hn1 hn2 id if im in is jn li ln nan ntt oo or re rf sqrt yn zoo " +
    "abs bin cos cot exp log max min not sec sin sum tan"
  ).split(" "),
);
/** Two-letter names of Greek letters are one unknown each. */
export const GREEK: ReadonlySet<string> = new Set(["mu", "nu", "xi"]);

/** The digits of a decimal without what does not change it, and its power of ten. */
export function decimalName(plain: string, digits: string): string {
  const [mantissa = "", exponent = "0"] = plain.split("e");
  const places = mantissa.split(".")[1]?.length ?? 0;
  const short = digits.replace(/0+$/, "");
  return `${short} e ${Number(exponent) - places + digits.length - short.length}`;
}
