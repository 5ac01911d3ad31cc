import { posix } from "node:path";
import { markdownLines } from "./pages/markdown-lines.ts";

export interface MarkdownLink {
  readonly target: string;
  /** From 1. */
  readonly line: number;
}

/** The hops within which the README must lead to each page of `docs/`. */
const MAX_HOPS = 3;

/** Links and images of a page, `[text](target)` and `[name]: target`; not those in code. */
export function linksOf(markdown: string): MarkdownLink[] {
  return prose(markdown).flatMap(({ text, line }) => {
    const inline = [
      ...text.matchAll(/\]\(\s*<?((?:[^\s<>()]|\([^\s()]*\))+)>?(?:\s+"[^"]*")?\s*\)/g),
    ];
    const reference = /^ {0,3}\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)/.exec(text);
    return [...inline, ...(reference === null ? [] : [reference])].map((match) => ({
      target: match[1] ?? "",
      line,
    }));
  });
}

/** The anchors that GitHub gives the headings of a page; equal headings are numbered. */
export function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const { text } of prose(markdown, { keepCodeSpans: true })) {
    const heading = /^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/.exec(text)?.[1];
    if (heading === undefined) continue;
    const base = heading
      .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, "")
      .replaceAll(" ", "-");
    let anchor = base;
    for (let again = 1; anchors.has(anchor); again++) anchor = `${base}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/**
 * A line for each relative link that leads nowhere, and for each page of `docs/` that is further than three hops from the README.
 *
 * @param pages text of each Markdown file, by its path from the repository's root
 * @param files all files of the repository, by the same paths
 */
export function brokenLinks(
  pages: ReadonlyMap<string, string>,
  files: ReadonlySet<string>,
): string[] {
  const folders = new Set([...files].flatMap(parents));
  const failures: string[] = [];
  const next = new Map<string, string[]>();
  for (const [page, text] of pages) {
    const reached: string[] = [];
    next.set(page, reached);
    for (const { target, line } of linksOf(text)) {
      if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(target)) continue;
      const at = `${page}:${line}: ${target}`;
      const [path = "", anchor] = target.split("#", 2);
      const to = path === "" ? page : inRepository(page, path);
      if (to === undefined || !(files.has(to) || folders.has(to))) {
        failures.push(`${at}: there is no such file`);
        continue;
      }
      // A link to a folder opens its README.
      const readme = folders.has(to) ? posix.join(to, "README.md") : to;
      reached.push(readme);
      const goal = pages.get(readme);
      if (anchor !== undefined && goal !== undefined && !anchorsOf(goal).has(decode(anchor)))
        failures.push(`${at}: the page has no such heading`);
    }
  }
  return [...failures, ...unreached(pages, next)];
}

/** Pages of `docs/` that the README does not lead to in three hops. */
function unreached(
  pages: ReadonlyMap<string, string>,
  next: ReadonlyMap<string, readonly string[]>,
): string[] {
  const seen = new Set(["README.md"]);
  let edge = [...seen];
  for (let hop = 0; hop < MAX_HOPS; hop++) {
    edge = edge.flatMap((page) => next.get(page) ?? []).filter((page) => !seen.has(page));
    for (const page of edge) seen.add(page);
  }
  return [...pages.keys()]
    .filter((page) => page.startsWith("docs/") && !seen.has(page))
    .map((page) => `${page}: further than ${MAX_HOPS} links from README.md`);
}

/** A link's path from the repository's root; undefined if it leaves the repository. */
function inRepository(page: string, path: string): string | undefined {
  const decoded = decode(path);
  const joined = decoded.startsWith("/")
    ? posix.normalize(decoded.slice(1))
    : posix.join(posix.dirname(page), decoded);
  const clean = joined.replace(/\/$/, "");
  return clean === ".." || clean.startsWith("../") ? undefined : clean;
}

function parents(file: string): string[] {
  const folder = posix.dirname(file);
  return folder === "." ? ["."] : [folder, ...parents(folder)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The lines outside of fenced code, without code spans. */
function prose(
  markdown: string,
  { keepCodeSpans = false }: { readonly keepCodeSpans?: boolean } = {},
): { text: string; line: number }[] {
  return markdownLines(markdown)
    .filter(({ code }) => code === undefined)
    .map(({ text, line }) => ({
      text: keepCodeSpans ? text : text.replace(/(`+)(?!`).*?(?<!`)\1(?!`)/g, ""),
      line,
    }));
}
