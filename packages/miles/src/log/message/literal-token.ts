/** A value and the index behind it, or why there is none. */
export type Token<T> =
  | { readonly value: T; readonly end: number; readonly fault?: undefined }
  | { readonly fault: string };

const ESCAPES: Readonly<Record<string, string>> = {
  n: "\n",
  t: "\t",
  r: "\r",
  "\\": "\\",
  "'": "'",
  '"': '"',
  "/": "/",
  "0": "\0",
  a: "\u0007",
  b: "\b",
  f: "\f",
  v: "\u000B",
};

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** A quoted text at `start`, which holds the quote. */
export function readString(text: string, start: number, raw = false): Token<string> {
  const quote = text.charAt(start);
  const close = text.indexOf(quote, start + 1);
  if (close === -1) return { fault: "text without its closing quote" };
  const backslash = text.indexOf("\\", start + 1);
  // The usual key or value: nothing to unescape.
  if (backslash === -1 || backslash > close)
    return { value: text.slice(start + 1, close), end: close + 1 };
  return readEscaped(text, start, quote, raw);
}

function readEscaped(text: string, start: number, quote: string, raw: boolean): Token<string> {
  let value = "";
  let from = start + 1;
  for (let at = from; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) return { value: value + text.slice(from, at), end: at + 1 };
    if (character !== "\\") continue;
    const kind = text.charAt(at + 1);
    if (raw) {
      at++;
      continue;
    }
    value += text.slice(from, at);
    const digits = HEX_DIGITS[kind];
    const hex = digits === undefined ? "" : text.slice(at + 2, at + 2 + digits);
    if (digits !== undefined && hex.length === digits && /^[0-9a-fA-F]+$/.test(hex)) {
      const code = Number.parseInt(hex, 16);
      value += code <= 0x10ffff ? String.fromCodePoint(code) : "\uFFFD";
      at += 1 + digits;
    } else {
      value += ESCAPES[kind] ?? `\\${kind}`;
      at++;
    }
    from = at + 1;
  }
  return { fault: "text without its closing quote" };
}

/** Integers of other bases and with underscores: nothing that a report has, but literals do. */
const ODD_NUMBER = /[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|\d[\d_]*)/y;

/** Index behind the decimal number at `start`; `start` itself where there is none. */
export function decimalEnd(text: string, start: number): number {
  let at = start;
  let code = text.charCodeAt(at);
  if (code === 0x2d || code === 0x2b) code = text.charCodeAt(++at);
  const first = at;
  while (code >= 0x30 && code <= 0x39) code = text.charCodeAt(++at);
  let digits = at - first;
  if (code === 0x2e) {
    code = text.charCodeAt(++at);
    const fraction = at;
    while (code >= 0x30 && code <= 0x39) code = text.charCodeAt(++at);
    digits += at - fraction;
  }
  if (digits === 0) return start;
  if (code !== 0x65 && code !== 0x45) return at;
  let exponent = at + 1;
  code = text.charCodeAt(exponent);
  if (code === 0x2d || code === 0x2b) code = text.charCodeAt(++exponent);
  const power = exponent;
  while (code >= 0x30 && code <= 0x39) code = text.charCodeAt(++exponent);
  return exponent === power ? at : exponent;
}

/** A number that does not end where its decimal digits do: `0x1f`, `1_000`. */
export function readOddNumber(text: string, start: number): Token<number> {
  ODD_NUMBER.lastIndex = start;
  const found = ODD_NUMBER.exec(text)?.[0] ?? "";
  const negative = found.startsWith("-");
  const value = Number(found.replace(/^[-+]/, "").replaceAll("_", ""));
  if (found === "" || Number.isNaN(value)) return { fault: "no number" };
  return { value: negative ? -value : value, end: start + found.length };
}

/** Whether a name may go on with this character. */
export function isNamePart(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) ||
    (code >= 0x41 && code <= 0x5a) ||
    (code >= 0x30 && code <= 0x39) ||
    code === 0x5f ||
    code === 0x2e ||
    code > 0x7f
  );
}
