/** A top-level statement of a declaration file. */
export interface Statement {
  /** Without comments, on as many lines as the compiler wrote. */
  readonly text: string;
  /** With the comments within it, not the one before it. */
  readonly documented: string;
  /** The text of the doc comment before it. */
  readonly doc: string | undefined;
  /** What it declares; undefined: imports and exports. */
  readonly name: string | undefined;
}

const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|let|class|interface|type|enum|namespace) ([\w$]+)/;
const COMMENTS = /^(?:\s*(?:\/\*[^]*?\*\/|\/\/[^\n]*))*\s*/;

/** The statements of a `.d.ts` as the compiler emits them: every one ends with a semicolon or a closing brace. */
export function statementsOf(source: string): Statement[] {
  const statements: Statement[] = [];
  let [start, depth] = [0, 0];
  for (let at = 0; at < source.length; at++) {
    const char = source[at] ?? "";
    const comment = endOfComment(source, at);
    if (comment !== undefined) at = comment;
    else if (char === '"' || char === "'" || char === "`") at = endOfText(source, at);
    else if ("{([".includes(char)) depth++;
    else if ("})]".includes(char)) depth--;
    if (comment !== undefined || depth > 0 || !(char === ";" || char === "}")) continue;
    const raw = source.slice(start, at + 1);
    const text = withoutComments(raw).trim();
    const block =
      char === "}" &&
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|enum|namespace)\b/.test(text);
    if (!(char === ";" || block)) continue;
    const before = COMMENTS.exec(raw)?.[0] ?? "";
    if (text !== ";")
      statements.push({
        text,
        documented: raw.slice(before.length).trim(),
        doc: docOf(before),
        name: DECLARED.exec(text)?.[1],
      });
    start = at + 1;
  }
  return statements;
}

/** The last doc comment of several, without its stars. */
function docOf(comments: string): string | undefined {
  const last = [...comments.matchAll(/\/\*\*([^]*?)\*\//g)].at(-1)?.[1];
  return last?.replaceAll(/^[ \t]*\* ?/gm, "").trim();
}

/** Names that a module hands on: its own, and those of other modules with the name that they have there. */
export interface Exported {
  readonly name: string;
  readonly original: string;
  /** Undefined: declared in this module. */
  readonly from: string | undefined;
}

export function exportsOf(statements: readonly Statement[]): Exported[] {
  return statements.flatMap(({ text, name }): Exported[] => {
    const list = /^export (?:type )?\{([^}]*)\}(?: from "([^"]+)")?/.exec(text);
    if (list !== null)
      return (list[1] ?? "")
        .split(",")
        .map((one) => one.trim().replace(/^type /, ""))
        .filter((one) => one !== "")
        .map((one) => {
          const [original = one, alias = original] = one.split(" as ");
          return { name: alias, original, from: list[2] };
        });
    const all = /^export \* from "([^"]+)"/.exec(text);
    if (all !== null) return [{ name: "*", original: "*", from: all[1] }];
    return text.startsWith("export ") && name !== undefined
      ? [{ name, original: name, from: undefined }]
      : [];
  });
}

function withoutComments(source: string): string {
  let text = "";
  for (let at = 0; at < source.length; at++) {
    const comment = endOfComment(source, at);
    if (comment !== undefined) at = comment;
    else if (source[at] === '"' || source[at] === "'") {
      const end = endOfText(source, at);
      text += source.slice(at, end + 1);
      at = end;
    } else text += source[at];
  }
  return text.replaceAll(/\n\s*\n/g, "\n");
}

/** The last character of the comment that starts here; undefined: none does. */
function endOfComment(source: string, at: number): number | undefined {
  if (source.startsWith("/*", at)) return Math.max(at, source.indexOf("*/", at + 2) + 1);
  return source.startsWith("//", at) ? lineEnd(source, at) : undefined;
}

function lineEnd(source: string, at: number): number {
  const end = source.indexOf("\n", at);
  return end === -1 ? source.length : end;
}

function endOfText(text: string, start: number): number {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === quote) return at;
  }
  return text.length;
}
