import { refused, type Place } from "./fault.ts";
import type { Part, Word } from "./word.ts";

/** `newline` also stands for `;`. */
export type Token =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "operator"; readonly operator: string; readonly place: Place };

const OPERATORS = ["<<<", "&&", "||", "&>", ">>", "<<", ">&", "<&", "|", "&", "<", ">", "(", ")"];
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;
const BRACED = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(\[[@*0]\])?(?:(:?-)([^{}$`"'\\]*|"[^{}$`"\\]*"))?\}/;

/** Cuts a script into words and operators. A character that would mean more than this grammar knows is refused. */
export function tokenize(text: string, file: string): Token[] {
  return new Lexer(text, file).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #counted = { at: 0, line: 1, byteOffset: 0 };

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  tokens(): Token[] {
    const tokens: Token[] = [];
    while (this.#at < this.#text.length) {
      const rest = this.#text.slice(this.#at, this.#at + 3);
      const [character = ""] = rest;
      if (rest.startsWith("\\\n")) this.#at += 2;
      else if (rest.startsWith("\\\r\n")) this.#at += 3;
      else if (" \t\r".includes(character)) this.#at++;
      else if (character === "#") this.#at = this.#lineEnd();
      else if (character === "\n" || character === ";") {
        tokens.push({ kind: "operator", operator: "newline", place: this.#place() });
        this.#at++;
      } else {
        const place = this.#place();
        const operator = OPERATORS.find((candidate) => rest.startsWith(candidate));
        if (operator === undefined) tokens.push({ kind: "word", word: this.#word() });
        else {
          tokens.push({ kind: "operator", operator, place });
          this.#at += operator.length;
        }
      }
    }
    tokens.push({ kind: "operator", operator: "newline", place: this.#place() });
    return tokens;
  }

  #word(): Word {
    const place = this.#place();
    const parts: Part[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ kind: "text", text, quoted: false });
      text = "";
    };
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? "";
      if (" \t\r\n;|&<>()".includes(character)) break;
      if (character === "\\") {
        const next = this.#text[this.#at + 1];
        this.#at += 2;
        if (next === "\n") continue;
        flush();
        parts.push({ kind: "text", text: next ?? "", quoted: true });
      } else if (character === "'") {
        flush();
        const end = this.#text.indexOf("'", this.#at + 1);
        if (end === -1) throw refused(place, "a quote is not closed");
        parts.push({ kind: "text", text: this.#text.slice(this.#at + 1, end), quoted: true });
        this.#at = end + 1;
      } else if (character === '"') {
        flush();
        this.#at++;
        this.#doubleQuoted(parts, place);
      } else if (character === "$") {
        flush();
        parts.push(this.#expansion(false));
      } else if (character === "`") {
        throw refused(this.#place(), "backticks are not read");
      } else {
        text += character;
        this.#at++;
      }
    }
    flush();
    return { place, parts };
  }

  #doubleQuoted(parts: Part[], place: Place): void {
    let text = "";
    const flush = (): void => {
      if (text !== "") parts.push({ kind: "text", text, quoted: true });
      text = "";
    };
    const before = parts.length;
    for (;;) {
      const character = this.#text[this.#at];
      if (character === undefined) throw refused(place, "a quote is not closed");
      if (character === '"') break;
      if (character === "`") throw refused(this.#place(), "backticks are not read");
      if (character === "$") {
        flush();
        parts.push(this.#expansion(true));
      } else if (character === "\\") {
        const next = this.#text[this.#at + 1] ?? "";
        if (next !== "\n") text += '$`"\\'.includes(next) ? next : `\\${next}`;
        this.#at += 2;
      } else {
        text += character;
        this.#at++;
      }
    }
    this.#at++;
    flush();
    if (parts.length === before) parts.push({ kind: "text", text: "", quoted: true });
  }

  #expansion(quoted: boolean): Part {
    const place = this.#place();
    const rest = this.#text.slice(this.#at, this.#at + 4096);
    if (rest.startsWith("$((")) throw refused(place, "arithmetic is not read");
    if (rest.startsWith("$(")) return { kind: "command", source: this.#command(place), quoted };
    const braced = BRACED.exec(rest);
    if (braced !== null) {
      const [whole, name = "", index, operator, written] = braced;
      this.#at += whole.length;
      const elements = index === "[@]" ? "each" : index === "[*]" ? "joined" : "first";
      const text = written?.replaceAll('"', "");
      // Outside of quotes the shell keeps a quoted fallback whole, and splits one that is not.
      if (!quoted && text !== written && /\s|^$/.test(text ?? ""))
        throw refused(place, `"${whole}" is an expansion that is not read`, "Quote all of it.");
      const fallback = text === undefined ? undefined : { text, forEmpty: operator === ":-" };
      return { kind: "variable", name, elements, fallback, quoted };
    }
    const name = NAME.exec(rest.slice(1));
    if (name !== null) {
      this.#at += 1 + name[0].length;
      return { kind: "variable", name: name[0], elements: "first", fallback: undefined, quoted };
    }
    const sign = (quoted ? /^\$(?=[\s"]|$)/ : /^\$(?=\s|$)/).test(rest);
    if (!sign)
      throw refused(
        place,
        `"${rest.slice(0, 12).split("\n")[0]}" is an expansion that is not read`,
      );
    this.#at++;
    return { kind: "text", text: "$", quoted };
  }

  /** The source text between `$(` and its `)`. */
  #command(place: Place): string {
    const start = this.#at + 2;
    let depth = 1;
    let quote = "";
    for (let at = start; at < this.#text.length; at++) {
      const character = this.#text[at] ?? "";
      if (character === "\\" && quote !== "'") at++;
      else if (quote === "'") quote = character === "'" ? "" : quote;
      else if (character === "(") depth++;
      else if (character === ")") {
        depth--;
        if (depth > 0) continue;
        this.#at = at + 1;
        return this.#text.slice(start, at);
      } else if (character === "'" && quote === "") quote = "'";
    }
    throw refused(place, "$( is not closed");
  }

  #lineEnd(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end === -1 ? this.#text.length : end;
  }

  /** Positions are only asked for in order, so that each character is counted once. */
  #place(): Place {
    const between = this.#text.slice(this.#counted.at, this.#at);
    this.#counted = {
      at: this.#at,
      line: this.#counted.line + between.split("\n").length - 1,
      byteOffset: this.#counted.byteOffset + Buffer.byteLength(between),
    };
    const { line, byteOffset } = this.#counted;
    return { file: this.#file, line, byteOffset };
  }
}
