const MAX_FIELDS = 256;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BLANK = 0x20;
const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** `op=train phase=start reason="all alive cells failed"` as fields; stops where that form ends. */
export function readLogfmt(text: string, start = 0): Record<string, string> {
  const fields: Record<string, string> = {};
  let at = start;
  for (let count = 0; count < MAX_FIELDS && at < text.length; count++) {
    const keyEnd = nameEnd(text, at);
    if (keyEnd === at || text.charCodeAt(keyEnd) !== EQUALS) break;
    const key = text.slice(at, keyEnd);
    const from = keyEnd + 1;
    let end: number;
    let value: string;
    if (text.charCodeAt(from) === QUOTE) {
      end = quotedEnd(text, from);
      if (end === -1) break;
      value = unescaped(text.slice(from + 1, end - 1));
    } else {
      end = text.indexOf(" ", from);
      if (end === -1) end = text.length;
      value = text.slice(from, end);
    }
    // Assigning it would change the object, not add to it.
    if (key !== "__proto__") fields[key] = value;
    at = end;
    while (text.charCodeAt(at) === BLANK) at++;
  }
  return fields;
}

function nameEnd(text: string, start: number): number {
  let at = start;
  for (;;) {
    const code = text.charCodeAt(at);
    const name =
      (code >= 0x61 && code <= 0x7a) ||
      (code >= 0x41 && code <= 0x5a) ||
      (code >= 0x30 && code <= 0x39) ||
      code === 0x5f ||
      code === 0x2e;
    if (!name) return at;
    at++;
  }
}

/** Index behind the closing quote, -1 without one. */
function quotedEnd(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === 0x5c) at++;
  }
  return -1;
}

function unescaped(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replaceAll(/\\(.)/gs, (_, letter: string) => ESCAPES[letter] ?? letter);
}
