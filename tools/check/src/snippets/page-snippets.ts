import { fencedBlocks } from "../markdown/fenced-blocks.ts";

/** A block of TypeScript on a page, as a module of its own. */
export interface Snippet {
  readonly page: string;
  /** Of its first line on the page, from 1. */
  readonly line: number;
  /** Its code, each line where the page has it, so that a compiler's lines are the page's. */
  readonly code: string;
  /** Why it is compiled and not run; undefined: it is run. */
  readonly notRun: string | undefined;
}

/**
 * The `ts` blocks of a page. Notes are HTML comments before a block, which readers do not see: `given: CODE` stands before it,
 * `continued` puts the block before it in front, `not run: WHY` says that it needs more than the bundled assets.
 */
export function pageSnippets(page: string, markdown: string): Snippet[] {
  const snippets: Snippet[] = [];
  for (const { language, line, text, notes } of fencedBlocks(markdown)) {
    if (language !== "ts") continue;
    const noted = (name: string): string | undefined =>
      notes
        .find((note) => note.startsWith(`${name}:`))
        ?.slice(name.length + 1)
        .trim();
    const lines = notes.includes("continued") ? (snippets.at(-1)?.code.split("\n") ?? []) : [];
    while (lines.length < line - 1) lines.push("");
    // What is given shares the line above the block.
    lines[line - 2] = noted("given")?.replaceAll(/\s*\n\s*/g, " ") ?? "";
    lines.length = line - 1;
    const code = [...lines, text].join("\n");
    snippets.push({ page, line, code, notRun: noted("not run") });
  }
  return snippets;
}
