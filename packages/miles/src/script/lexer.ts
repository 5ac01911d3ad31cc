import { refused, type Place } from "./fault.ts";
import type { Alternative, Part, Word } from "./word.ts";

/** `newline` also stands for `;`. */
export type Token =
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "operator"; readonly operator: string; readonly place: Place };

const OPERATORS = ["<<<", "&&", "||", "&>", ">>", "<<", ">&", "<&", "|", "&", "<", ">", "(", ")"];
/** A variable, or what the script was started with, which is not known here. */
const NAME = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9#?])/;
const BRACED = /^\$\{([A-Za-z_][A-Za-z0-9_]*|[0-9]+)(\[[@*0]\])?(?:(:?)([-+?])|\})/;
const MAX_NESTING = 16;

/** Cuts a script into words and operators. A character that would mean more than this grammar knows is refused. */
export function tokenize(text: string, file: string): Token[] {
  return new Lexer(text, file).tokens();
}

class Lexer {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #counted = { at: 0, line: 1, byteOffset: 0 };
  #nesting = 0;

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
        parts.push(this.#singleQuoted(place));
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
    if (rest.startsWith("$(")) {
      const source = this.#command(place);
      // `$((` and `))` without a command between them.
      return rest.startsWith("$((") && source.endsWith(")")
        ? { kind: "arithmetic", source: source.slice(1, -1), quoted }
        : { kind: "command", source, quoted };
    }
    const braced = BRACED.exec(rest);
    if (braced !== null) {
      const [whole, name = "", index, colon, sign] = braced;
      this.#at += whole.length;
      const elements = index === "[@]" ? "each" : index === "[*]" ? "joined" : "first";
      const alternative =
        sign === undefined
          ? undefined
          : {
              sign: sign as Alternative["sign"],
              forEmpty: colon === ":",
              parts: this.#alternative(quoted, place),
            };
      return { kind: "variable", name, elements, alternative, quoted };
    }
    const name = NAME.exec(rest.slice(1));
    if (name !== null) {
      this.#at += 1 + name[0].length;
      return { kind: "variable", name: name[0], elements: "first", alternative: undefined, quoted };
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

  /** The parts up to the brace that ends `${name-…}`. */
  #alternative(quoted: boolean, place: Place): Part[] {
    if (++this.#nesting > MAX_NESTING) throw refused(place, "expansions are nested too deeply");
    const parts: Part[] = [];
    for (;;) {
      const character = this.#text[this.#at];
      if (character === "}") break;
      if (character === undefined || character === "\n") throw refused(place, "${ is not closed");
      if (character === "$") parts.push(this.#expansion(quoted));
      else if (character === '"') {
        this.#at++;
        this.#doubleQuoted(parts, place);
      } else if (character === "\\" || character === "`" || (character === "'" && quoted))
        throw refused(this.#place(), `"${character}" within \${…} is not read`);
      else if (character === "'") parts.push(this.#singleQuoted(place));
      else {
        const end = this.#text.slice(this.#at).search(/["'`$\\}\n]/);
        const text = this.#text.slice(this.#at, end === -1 ? undefined : this.#at + end);
        parts.push({ kind: "text", text, quoted, ...(quoted ? {} : { splits: true }) });
        this.#at += text.length;
      }
    }
    this.#at++;
    this.#nesting--;
    return parts;
  }

  #singleQuoted(place: Place): Part {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end === -1) throw refused(place, "a quote is not closed");
    const text = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    return { kind: "text", text, quoted: true };
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
