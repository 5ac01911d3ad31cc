/** A text on lines of at most `width` columns, broken between words; a longer word stands alone on its line. */
export function wrap(
  text: string,
  { width, first = "", rest = first }: { width: number; first?: string; rest?: string },
): string {
  const lines: string[] = [];
  let line = "";
  // A command in backticks stays whole, so that it can be copied.
  for (const word of text.match(/(?:`[^`]*`|\S)+/g) ?? []) {
    const indent = lines.length === 0 ? first : rest;
    if (line !== "" && indent.length + line.length + 1 + word.length > width) {
      lines.push(indent + line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push((lines.length === 0 ? first : rest) + line);
  return lines.join("\n");
}
