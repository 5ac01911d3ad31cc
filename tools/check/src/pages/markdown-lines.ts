/** A line of a page, and whether it stands in fenced code. */
export interface MarkdownLine {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  /** The language of the fenced block that it is part of, "" for none named; undefined: prose. Fences belong to neither. */
  readonly code: string | undefined;
}

/** All lines of a page but the fences themselves. */
export function markdownLines(markdown: string): MarkdownLine[] {
  const lines: MarkdownLine[] = [];
  let fence: { readonly mark: string; readonly language: string } | undefined;
  for (const [index, text] of markdown.split(/\r?\n/).entries()) {
    const mark = /^\s*(`{3,}|~{3,})(.*)$/.exec(text);
    if (fence !== undefined && mark?.[1]?.startsWith(fence.mark) && mark[2]?.trim() === "")
      fence = undefined;
    else if (fence === undefined && mark !== null)
      fence = { mark: mark[1] ?? "", language: /^\w*/.exec(mark[2]?.trim() ?? "")?.[0] ?? "" };
    else lines.push({ text, line: index + 1, code: fence?.language });
  }
  return lines;
}
