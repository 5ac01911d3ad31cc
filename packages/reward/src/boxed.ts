const BOX = "\\boxed";

/**
 * The content of the last `\boxed{…}` of a text, or undefined.
 *
 * Only the last one counts, as in the reference: if it is unclosed, or no brace follows it at once, there
 * is no answer even when an earlier box is whole. Every brace counts, also an escaped one.
 */
export function lastBoxed(text: string): string | undefined {
  const start = text.lastIndexOf(BOX);
  const open = start + BOX.length;
  if (start === -1 || text[open] !== "{") return undefined;
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === 0x7b) depth++;
    else if (unit === 0x7d && --depth === 0) return text.slice(open + 1, at);
  }
  return undefined;
}

export function mentionsBox(text: string): boolean {
  return text.includes(BOX);
}
