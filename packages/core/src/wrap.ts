// oxlint-disable-next-line no-control-regex -- colour codes take no room on the screen
const ANSI = /\u001B\[[0-9;]*m/g;

export interface WrapOptions {
  /** Columns of the screen. */
  readonly width: number;
  /** What the first line begins with. */
  readonly first?: string;
  /** What the others begin with; default: the same. */
  readonly rest?: string;
}

/**
 * A text on lines of at most `width` columns, broken between words. What stands in backticks stays whole, so that a command can be
 * copied; a longer word stands alone on its line. Colour codes take no room.
 */
export function wrapText(text: string, { width, first = "", rest = first }: WrapOptions): string {
  if (columns(first + text) <= width && !text.includes("\n")) return first + text;
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const indent = lines.length === 0 ? first : rest;
    if (line !== "" && columns(indent) + columns(line) + 1 + columns(word) > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push((lines.length === 0 ? first : rest) + line);
  return lines.join("\n");
}

function columns(text: string): number {
  return [...text.replaceAll(ANSI, "")].length;
}
