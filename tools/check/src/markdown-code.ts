import { markdownLines } from "./pages/markdown-lines.ts";

/** The contents of a page's fenced code blocks in a language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  const blocks: string[][] = [];
  let last = -1;
  for (const { text, line, code } of markdownLines(markdown)) {
    if (code !== language) continue;
    // Fences are no lines of either, so what follows one is not next to what came before it.
    if (line !== last + 1) blocks.push([]);
    blocks.at(-1)?.push(`${text}\n`);
    last = line;
  }
  return blocks.map((block) => block.join(""));
}
