/**
 * The same text in memory of its own. A part of a line is kept by V8 as a view of the whole line, so what is
 * remembered for long would keep lines of any length alive.
 */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}
