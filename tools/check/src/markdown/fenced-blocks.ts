/** A fenced block of code in a Markdown page. */
export interface FencedBlock {
  /** First word of the info string; "" without one. */
  readonly language: string;
  /** The rest of it, such as `title=recipe.yaml`. */
  readonly info: string;
  /** With a newline at its end. */
  readonly text: string;
  /** Of its first line of code, from 1. */
  readonly line: number;
  /** HTML comments that stand directly before it, which readers do not see: what a check has to know. */
  readonly notes: readonly string[];
}

/** All fenced blocks of a page in their order, those in lists without their indentation. */
export function fencedBlocks(markdown: string): FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let notes: string[] = [];
  const lines = markdown.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (line.trim() === "") continue;
    if (line.trim().startsWith("<!--")) {
      const start = at;
      while (at < lines.length && !(lines[at] ?? "").includes("-->")) at++;
      const comment = lines.slice(start, at + 1).join("\n");
      notes.push(comment.replace(/^\s*<!--\s*|\s*-->\s*$/g, ""));
      continue;
    }
    const open = /^(\s*)(`{3,}|~{3,})\s*(\S*)\s*(.*)$/.exec(line);
    if (open !== null) {
      const [, indent = "", fence = "", language = "", info = ""] = open;
      const start = at + 1;
      do at++;
      while (at < lines.length && !isClosing(lines[at] ?? "", fence));
      const code = lines.slice(start, at).map((one) => withoutIndent(one, indent.length));
      blocks.push({ language, info, text: `${code.join("\n")}\n`, line: start + 1, notes });
    }
    notes = [];
  }
  return blocks;
}

function isClosing(line: string, fence: string): boolean {
  const text = line.trim();
  return text.startsWith(fence) && text.replaceAll(fence.charAt(0), "") === "";
}

function withoutIndent(line: string, length: number): string {
  return line.slice(0, length).trim() === "" ? line.slice(length) : line;
}
