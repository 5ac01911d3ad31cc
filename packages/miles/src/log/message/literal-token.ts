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

const NUMBER = /[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d*(?:[eE][-+]?\d+)?)/y;

/** A number as Python writes it: `1`, `-0.5`, `1e-06`, `1_000`, `0x1f`, `5.`. */
export function readNumber(text: string, start: number): Token<number> {
  NUMBER.lastIndex = start;
  const found = NUMBER.exec(text)?.[0] ?? "";
  const value = Number(found.includes("_") ? found.replaceAll("_", "") : found);
  if (!/\d/.test(found) || Number.isNaN(value)) return { fault: "no number" };
  return { value, end: start + found.length };
}
