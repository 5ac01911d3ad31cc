/** Number reading as the reference's language does it, where it differs from JavaScript. */

/** The white space of that language, for a character class. */
export const SPACE =
  "\\t-\\r\\u001C- \\u0085\\u00A0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000";
// oxlint-disable-next-line no-control-regex -- the separators 0x1C-0x1F are white space there
const LEADING = new RegExp(`^[${SPACE}]+`);

/** Strips white space from both ends (unlike `trim`: also 0x1C-0x1F and 0x85, not the byte order mark). */
export function strip(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(0, end).replace(LEADING, "");
}

function isSpace(unit: number): boolean {
  if (unit === 0x20 || (unit >= 9 && unit <= 13)) return true;
  if (unit < 0x1c) return false;
  if (unit < 0x80) return unit <= 0x1f;
  return LEADING.test(String.fromCharCode(unit));
}

// Only loops over single characters: a loop over a group would run out of stack on a million digits.
const DECIMAL = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i;
const STRAY_UNDERSCORE = /(?<![0-9])_|_(?![0-9])/;
const SPECIAL = /^([+-]?)(?:inf|infinity|nan)$/i;

/** `float(text)`: surrounding white space, underscores between digits, and the digits of every script are fine. Undefined where that raises. */
export function parseFloatText(text: string): number | undefined {
  const plain = asciiDigits(strip(text));
  const first = plain.charCodeAt(0);
  // Most texts are not numbers: look at one character before trying the pattern.
  if (!((first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d || first === 0x2e)) {
    return SPECIAL.test(plain) ? specialNumber(plain) : undefined;
  }
  if (plain.includes("_")) {
    const digits = plain.replaceAll("_", "");
    return !STRAY_UNDERSCORE.test(plain) && DECIMAL.test(digits) ? Number(digits) : undefined;
  }
  if (DECIMAL.test(plain)) return Number(plain);
  return SPECIAL.test(plain) ? specialNumber(plain) : undefined;
}

function specialNumber(text: string): number {
  if (/nan$/i.test(text)) return Number.NaN;
  return text.startsWith("-") ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Whether a number is within 1e-7 of an integer; infinities and NaN are not. */
export function isNearInteger(value: number): boolean {
  return Number.isFinite(value) && Math.abs(value - Math.round(value)) <= 1e-7;
}

/** The exact decimal digits of an integral double. */
export function integerText(value: number): string {
  return BigInt(value).toString();
}

// oxlint-disable-next-line no-control-regex -- the ASCII range
const ONLY_ASCII = /^[\0-\u007F]*$/;
const DIGIT = /^\p{Nd}$/u;

/** Replaces the digits of other scripts (Arabic, full width, …) by 0-9. */
export function asciiDigits(text: string): string {
  if (ONLY_ASCII.test(text)) return text;
  return text.replace(/\p{Nd}/gu, (digit) => String(digitValue(digit)));
}

/** Digits come in runs of ten that start at a zero, so the distance from the start of the run tells the value. */
function digitValue(digit: string): number {
  const code = digit.codePointAt(0) ?? 0;
  let start = code;
  while (DIGIT.test(String.fromCodePoint(start - 1))) start--;
  return (code - start) % 10;
}
