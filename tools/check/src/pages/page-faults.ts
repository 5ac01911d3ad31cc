import { markdownLines } from "./markdown-lines.ts";

/** Paths of this repository that a page names as code and that are not there. `packages/<name>` and `src/*.ts` are patterns, not paths. */
export function missingPaths(markdown: string, exists: (path: string) => boolean): string[] {
  return prose(markdown).flatMap(({ text, line }) =>
    [...text.matchAll(/`((?:packages|apps|tools|docs|bench|examples)\/[^`\s<>*]+)`/g)]
      .map(([, path = ""]) => path.replace(/:\d+$/, ""))
      .filter((path) => !exists(path))
      .map((path) => `line ${line}: there is no ${path}`),
  );
}

/** Rows that no viewer shows as a table, as their header is missing. */
export function brokenTables(markdown: string): string[] {
  const lines = prose(markdown);
  return lines.flatMap(({ text, line }, at) => {
    const first = text.startsWith("| ") && !(lines[at - 1]?.text ?? "").startsWith("|");
    const adjacent = lines[at + 1]?.line === line + 1 ? (lines[at + 1]?.text ?? "") : "";
    return first && !/^\|[ :|-]+\|$/.test(adjacent)
      ? [`line ${line}: a table without a header`]
      : [];
  });
}

function prose(markdown: string) {
  return markdownLines(markdown).filter(({ code }) => code === undefined);
}
