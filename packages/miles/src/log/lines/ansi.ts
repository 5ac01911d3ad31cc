const ESCAPE = "\u001B";
const BRACKET = 0x5b;

/** A text without its terminal sequences (colours, cursor, titles). One that has no end is left as it stands. */
export function withoutAnsi(text: string): string {
  let at = text.indexOf(ESCAPE);
  if (at === -1) return text;
  let kept = "";
  let from = 0;
  while (at !== -1) {
    const end = sequenceEnd(text, at);
    if (end !== -1) {
      kept += text.slice(from, at);
      from = end;
    }
    at = text.indexOf(ESCAPE, end === -1 ? at + 1 : end);
  }
  return kept + text.slice(from);
}

/** Index behind the sequence that starts at `at`, -1 if it is none. */
function sequenceEnd(text: string, at: number): number {
  const kind = text.charCodeAt(at + 1);
  if (kind === BRACKET) {
    // Parameters and intermediates, then one final letter.
    let end = at + 2;
    let code = text.charCodeAt(end);
    while (code >= 0x20 && code <= 0x3f) code = text.charCodeAt(++end);
    return code >= 0x40 && code <= 0x7e ? end + 1 : -1;
  }
  // A title or a link: up to its bell or string terminator.
  if (kind === 0x5d) {
    for (let end = at + 2; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (code === 0x07) return end + 1;
      if (code === 0x1b) return text.charCodeAt(end + 1) === 0x5c ? end + 2 : end;
    }
    return -1;
  }
  return kind >= 0x40 && kind <= 0x5f ? at + 2 : -1;
}
