import { callValue } from "./call-value.ts";
import type { LiteralFault, PythonValue } from "./python-value.ts";
import { decimalEnd, isNamePart, readOddNumber, readString, type Token } from "./literal-token.ts";

const MAX_DEPTH = 32;
const MAX_ITEMS = 1 << 16;

const WORDS: ReadonlyMap<string, PythonValue> = new Map<string, PythonValue>([
  ["None", null],
  ["True", true],
  ["False", false],
  ["nan", NaN],
  ["NaN", NaN],
  ["inf", Infinity],
  ["Infinity", Infinity],
  // JSON's, as the framework's JSONL has them.
  ["null", null],
  ["true", true],
  ["false", false],
]);

/** Thrown and caught in here only: unwinding from any depth is rare, checking at each level is not. */
class Fault extends Error {
  readonly at: number;
  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

/**
 * Reads Python's `repr` of plain data (and JSON, with Python's NaN and Infinity). Evaluates nothing: a call becomes a
 * record of its name and arguments. Bounded in depth (32) and in items (65,536), besides by the text.
 */
export class LiteralParser {
  readonly #text: string;
  #at: number;
  #items = 0;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  /** One value of any kind. */
  read(): { readonly value: PythonValue | undefined; readonly fault?: LiteralFault } {
    try {
      return { value: this.#value(0) };
    } catch (error) {
      return { value: undefined, fault: asFault(error) };
    }
  }

  /** The entries of a dict, told one by one, so that a torn one gives what stands before the tear. */
  readEntries(onEntry: (key: string, value: PythonValue) => void): LiteralFault | undefined {
    try {
      this.#blanks();
      // In the middle of a dict as well, from a comma on.
      if (!this.#closes(",")) this.#expect("{");
      this.#entries(0, onEntry);
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  #value(depth: number): PythonValue {
    if (depth > MAX_DEPTH) throw new Fault(this.#at, `nested deeper than ${MAX_DEPTH}`);
    if (++this.#items > MAX_ITEMS) throw new Fault(this.#at, `more than ${MAX_ITEMS} items`);
    this.#blanks();
    const code = this.#text.charCodeAt(this.#at);
    switch (code) {
      case 0x27: // '
      case 0x22: // "
        return this.#quoted();
      case 0x7b: // {
        this.#at++;
        return this.#braces(depth);
      case 0x5b: // [
        this.#at++;
        return this.#list("]", depth);
      case 0x28: // (
        this.#at++;
        return this.#list(")", depth);
      case 0x3c: // <
        return this.#angle();
      default:
    }
    if ((code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e)
      return this.#number();
    return this.#word(depth);
  }

  #quoted(): string {
    const text = this.#text;
    const start = this.#at + 1;
    const quote = text.charCodeAt(this.#at);
    for (let at = start; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return text.slice(start, at);
      }
      if (code === 0x5c) break;
    }
    return this.#take(readString(text, this.#at));
  }

  #number(): PythonValue {
    const text = this.#text;
    const start = this.#at;
    const end = decimalEnd(text, start);
    const next = text.charCodeAt(end);
    if (end > start && !isNamePart(next)) {
      this.#at = end;
      return Number(text.slice(start, end));
    }
    // "-inf", "-nan" and "-Infinity".
    const sign = text.charAt(start);
    if (end === start && (sign === "-" || sign === "+")) {
      this.#at++;
      const value = this.#word(MAX_DEPTH);
      if (typeof value !== "number") throw new Fault(this.#at, "a sign before what is no number");
      return sign === "-" ? -value : value;
    }
    if (text.charAt(end) === "j") {
      this.#at = end + 1;
      return { opaque: text.slice(start, this.#at) };
    }
    return this.#take(readOddNumber(text, start));
  }

  #take<T>(token: Token<T>): T {
    if (token.fault !== undefined) throw new Fault(this.#at, token.fault);
    this.#at = token.end;
    return token.value;
  }

  #word(depth: number): PythonValue {
    const start = this.#at;
    while (isNamePart(this.#text.charCodeAt(this.#at))) this.#at++;
    const name = this.#text.slice(start, this.#at);
    if (name === "")
      throw new Fault(start, start >= this.#text.length ? "ends too early" : "no value");
    const next = this.#text.charAt(this.#at);
    // b'…', r"…", and the like.
    if ((next === "'" || next === '"') && /^(?:[bru]|[bf]r|r[bf])$/i.test(name))
      return this.#take(readString(this.#text, this.#at, /r/i.test(name)));
    if (next === "(") {
      this.#at++;
      return this.#call(name, depth);
    }
    const known = WORDS.get(name);
    return known === undefined ? { opaque: name } : known;
  }

  #call(name: string, depth: number): PythonValue {
    const args: PythonValue[] = [];
    const named = new Map<string, PythonValue>();
    for (;;) {
      this.#blanks();
      if (this.#closes(")")) break;
      const keyword = /[A-Za-z_]\w*=/y;
      keyword.lastIndex = this.#at;
      const found = keyword.exec(this.#text)?.[0];
      if (found === undefined) args.push(this.#value(depth + 1));
      else {
        this.#at += found.length;
        named.set(found.slice(0, -1), this.#value(depth + 1));
      }
      this.#separator(")");
    }
    return callValue(name, args, named);
  }

  /** `<Status.DONE: 'done'>`, `<object at 0x7f…>`: not read, but its end is found. */
  #angle(): PythonValue {
    const start = this.#at;
    let depth = 0;
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text.charAt(this.#at);
      if (character === "<") depth++;
      else if (character === ">" && --depth === 0) {
        this.#at++;
        return { opaque: this.#text.slice(start, this.#at) };
      }
    }
    throw new Fault(start, "“<” without its end");
  }

  #list(close: string, depth: number): PythonValue[] {
    const items: PythonValue[] = [];
    for (;;) {
      this.#blanks();
      if (this.#closes(close)) return items;
      items.push(this.#value(depth + 1));
      this.#separator(close);
    }
  }

  /** A dict or a set. */
  #braces(depth: number): PythonValue {
    const dict = new Map<string, PythonValue>();
    const items: PythonValue[] = [];
    for (;;) {
      this.#blanks();
      if (this.#closes("}")) return items.length > 0 ? items : { dict };
      const start = this.#at;
      const key = this.#value(depth + 1);
      this.#blanks();
      if (this.#text.charAt(this.#at) === ":") {
        const name = this.#keyText(key, start);
        this.#at++;
        dict.set(name, this.#value(depth + 1));
      } else items.push(key);
      this.#separator("}");
    }
  }

  /** The entries of a dict behind its brace. */
  #entries(depth: number, onEntry: (key: string, value: PythonValue) => void): void {
    for (;;) {
      this.#blanks();
      if (this.#closes("}")) return;
      const start = this.#at;
      const key = this.#keyText(this.#value(depth + 1), start);
      this.#blanks();
      this.#expect(":");
      onEntry(key, this.#value(depth + 1));
      this.#separator("}");
    }
  }

  #keyText(key: PythonValue, start: number): string {
    return typeof key === "string" ? key : this.#text.slice(start, this.#at).trimEnd();
  }

  /** A comma, or the end that comes next. */
  #separator(close: string): void {
    this.#blanks();
    const character = this.#text.charAt(this.#at);
    if (character === ",") this.#at++;
    else if (character !== close)
      throw new Fault(
        this.#at,
        character === "" ? "ends too early" : `“${character}” instead of “,” or “${close}”`,
      );
  }

  #closes(close: string): boolean {
    if (this.#text.charAt(this.#at) !== close) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    const found = this.#text.charAt(this.#at);
    if (found !== character)
      throw new Fault(
        this.#at,
        found === "" ? "ends too early" : `“${found}” instead of “${character}”`,
      );
    this.#at++;
  }

  #blanks(): void {
    let code = this.#text.charCodeAt(this.#at);
    while (code === 0x20 || (code >= 0x09 && code <= 0x0d))
      code = this.#text.charCodeAt(++this.#at);
  }
}

/** The value that a text begins with. */
export function parsePythonLiteral(text: string): {
  readonly value: PythonValue | undefined;
  readonly end: number;
  readonly fault?: LiteralFault;
} {
  const parser = new LiteralParser(text);
  const read = parser.read();
  return { ...read, end: parser.at };
}

function asFault(error: unknown): LiteralFault {
  if (error instanceof Fault) return { at: error.at, reason: error.message };
  throw error;
}
