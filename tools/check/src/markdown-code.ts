/** The contents of a page's fenced code blocks in a language, in order. */
export function codeBlocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```[ \t]*$/gm)].flatMap(
    ([, name, content = ""]) => (name === language ? [content] : []),
  );
}
