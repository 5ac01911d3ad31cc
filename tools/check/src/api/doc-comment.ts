/** A doc comment in its parts. */
export interface DocComment {
  readonly text: string;
  /** By parameter. */
  readonly params: readonly (readonly [name: string, text: string])[];
  readonly returns: string | undefined;
  readonly throws: readonly string[];
  /** The code of each `@example`, without its fence. */
  readonly examples: readonly string[];
}

/** Reads a doc comment whose stars are gone. Links become code; what stands in an example is left alone. */
export function parseDocComment(comment: string | undefined): DocComment {
  const [text = "", ...tags] = (comment ?? "").split(/^@(?=[a-z])/m);
  const tagged = (name: string): string[] =>
    tags.flatMap((tag) => {
      const match = /^([a-z]+)\b[ \t]*([^]*)$/.exec(tag);
      return match?.[1] === name ? [match[2]?.trim() ?? ""] : [];
    });
  return {
    text: prose(text),
    params: tagged("param").map((param) => {
      const [, name = "", what = ""] = /^([\w$.]+)\s*-?\s*([^]*)$/.exec(param) ?? [];
      return [name, prose(what)] as const;
    }),
    returns: tagged("returns").map(prose)[0],
    throws: tagged("throws").map(prose),
    examples: tagged("example").map((code) => code.replaceAll(/^```\w*\n|\n?```$/g, "").trim()),
  };
}

/** Running text for Markdown: types in angle brackets outside of code would be taken for tags. */
function prose(text: string): string {
  return text
    .trim()
    .replaceAll(/\{@link\s+([^}|\s]+)[^}]*\}/g, "`$1`")
    .split(/(`[^`]*`)/)
    .map((part) => (part.startsWith("`") ? part : part.replaceAll("<", "\\<")))
    .join("");
}
