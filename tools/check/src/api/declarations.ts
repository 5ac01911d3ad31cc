/** A top-level statement of a declaration file, without comments, on as many lines as the compiler wrote. */
export interface Statement {
  readonly text: string;
  /** What it declares; undefined: imports and exports. */
  readonly name: string | undefined;
}

const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:function|const|let|class|interface|type|enum|namespace) ([\w$]+)/;

/** The statements of a `.d.ts` as the compiler emits them: every one ends with a semicolon or a closing brace. */
export function statementsOf(source: string): Statement[] {
  const text = withoutComments(source);
  const statements: Statement[] = [];
  let [start, depth] = [0, 0];
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (char === '"' || char === "'" || char === "`") at = endOfText(text, at);
    else if ("{([".includes(char)) depth++;
    else if ("})]".includes(char)) depth--;
    const body = text.slice(start, at + 1).trim();
    const block =
      char === "}" &&
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|enum|namespace)\b/.test(body);
    if (depth > 0 || !(char === ";" || block)) continue;
    if (body !== ";") statements.push({ text: body, name: DECLARED.exec(body)?.[1] });
    start = at + 1;
  }
  return statements;
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
    if (source.startsWith("/*", at)) at = Math.max(at, source.indexOf("*/", at + 2) + 1);
    else if (source.startsWith("//", at)) at = lineEnd(source, at);
    else if (source[at] === '"' || source[at] === "'") {
      const end = endOfText(source, at);
      text += source.slice(at, end + 1);
      at = end;
    } else text += source[at];
  }
  return text.replaceAll(/\n\s*\n/g, "\n");
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
