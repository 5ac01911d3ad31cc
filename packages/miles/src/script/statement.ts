import { refused, type Place } from "./fault.ts";
import { tokenize, type Token } from "./lexer.ts";
import { plainText, type Part, type Word } from "./word.ts";

export type Statement =
  | {
      readonly kind: "assign";
      readonly place: Place;
      readonly name: string;
      readonly append: boolean;
      /** One word, or the words of an array. */
      readonly value: Word | readonly Word[];
      readonly exported: boolean;
    }
  | { readonly kind: "source"; readonly place: Place; readonly path: Word }
  | {
      readonly kind: "read-array";
      readonly place: Place;
      readonly name: string;
      readonly from: Word;
    }
  | { readonly kind: "command"; readonly place: Place; readonly words: readonly Word[] }
  /** A block or line that is not followed: what it assigns is unknown afterwards. */
  | {
      readonly kind: "skipped";
      readonly place: Place;
      readonly text: string;
      readonly assigns: readonly string[];
    };

const MAX_BYTES = 1 << 20;
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)(\+?)=/;
/** Housekeeping of launchers: it cannot change what train.py is told. */
const HARMLESS = new Set([
  "pkill",
  "kill",
  "sleep",
  "set",
  "echo",
  "printf",
  "ulimit",
  "mkdir",
  "cd",
  "wait",
  "nvidia-smi",
  "ray",
  "true",
  "date",
]);

/** The statements of a launch script; everything outside of the grammar is refused. */
export function parseScript(text: string, file: string): Statement[] {
  if (text.length > MAX_BYTES) throw refused({ file, line: 1, byteOffset: 0 }, "longer than 1 MB");
  if (text.includes("\0")) throw refused({ file, line: 1, byteOffset: 0 }, "holds NUL bytes");
  return new Parser(tokenize(text, file)).statements();
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  statements(): Statement[] {
    const statements: Statement[] = [];
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined) return statements;
      if (token.kind === "operator") {
        if (token.operator !== "newline")
          throw refused(token.place, `"${token.operator}" cannot begin a statement here`);
        this.#at++;
      } else statements.push(this.#statement(token.word));
    }
  }

  #statement(first: Word): Statement {
    const keyword = plainText(first);
    if (keyword === "if") return this.#ifBlock(first.place);
    if (keyword === "export" || keyword === "declare" || keyword === "local") {
      this.#at++;
      const word = this.#peekWord();
      if (keyword === "export" && word !== undefined) return this.#assignment(word, true);
      throw refused(first.place, `"${keyword}" is not read`);
    }
    if (isAssignment(first)) return this.#assignment(first, false);
    if (keyword === "source" || keyword === ".") return this.#source(first.place);
    if (keyword === "read") return this.#read(first.place);
    const words = this.#words();
    const next = this.#tokens[this.#at];
    const ended = next === undefined || (next.kind === "operator" && next.operator === "newline");
    if (ended && isLaunch(words)) return { kind: "command", place: first.place, words };
    if (keyword !== undefined && HARMLESS.has(keyword) && !isLaunch(words))
      return this.#skipLine(first.place, words);
    if (!ended && isLaunch(words)) return this.#launchTail(first.place, words);
    throw refused(first.place, `"${keyword ?? "a command"}" is not read`);
  }

  #assignment(word: Word, exported: boolean): Statement {
    const [head, ...rest] = word.parts;
    const match = head?.kind === "text" && !head.quoted ? ASSIGNMENT.exec(head.text) : null;
    if (match === null || head?.kind !== "text") throw refused(word.place, "not an assignment");
    const [whole, name = "", plus] = match;
    this.#at++;
    const append = plus === "+";
    const remainder = head.text.slice(whole.length);
    const parts: Part[] = [...(remainder === "" ? [] : [{ ...head, text: remainder }]), ...rest];
    const next = this.#tokens[this.#at];
    const opens = next?.kind === "operator" && next.operator === "(" && parts.length === 0;
    const value = opens ? this.#array(next.place) : { place: word.place, parts };
    this.#orExit();
    // NAME=value before a command holds for that command; there is only one launch, so it may as well be exported.
    const prefixes = this.#peekWord() !== undefined;
    if (!prefixes) this.#endOfStatement(word.place);
    return {
      kind: "assign",
      place: word.place,
      name,
      append,
      value,
      exported: exported || prefixes,
    };
  }

  #array(place: Place): Word[] {
    const words: Word[] = [];
    for (this.#at++; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw refused(place, "an array is not closed");
      if (token.kind === "word") words.push(token.word);
      else if (token.operator === ")") break;
      else if (token.operator !== "newline")
        throw refused(token.place, `"${token.operator}" in an array is not read`);
    }
    this.#at++;
    return words;
  }

  #source(place: Place): Statement {
    this.#at++;
    const path = this.#peekWord();
    if (path === undefined) throw refused(place, "source names no file");
    this.#at++;
    this.#orExit();
    this.#endOfStatement(place);
    return { kind: "source", place, path };
  }

  /** `read -ra NAME <<< WORD`. */
  #read(place: Place): Statement {
    const [, flag, name] = this.#words().map(plainText);
    const operator = this.#tokens[this.#at];
    const from = this.#tokens[this.#at + 1];
    if (
      (flag !== "-ra" && flag !== "-a") ||
      name === undefined ||
      operator?.kind !== "operator" ||
      operator.operator !== "<<<" ||
      from?.kind !== "word"
    )
      throw refused(place, "only read -ra NAME <<< WORD is read");
    this.#at += 2;
    this.#endOfStatement(place);
    return { kind: "read-array", place, name, from: from.word };
  }

  /** An if block may only set variables; they are unknown afterwards. */
  #ifBlock(place: Place): Statement {
    const assigns = new Set<string>();
    const words: string[] = [];
    let depth = 0;
    let start = true;
    for (; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw refused(place, "if without fi");
      if (token.kind === "operator") {
        start = token.operator === "newline" || token.operator === "&&" || token.operator === "||";
        continue;
      }
      const text = plainText(token.word);
      words.push(text ?? "…");
      if (text === "if") depth++;
      if (text === "fi") depth--;
      const name = assignedName(token.word);
      if (name !== undefined && start) assigns.add(name);
      if (start && isTrainProgram(text)) throw refused(token.word.place, "a launch inside of if");
      if (start && (text === "source" || text === "."))
        throw refused(token.word.place, "source inside of if");
      start = text === "then" || text === "else" || text === "export" || text === "if";
      if (depth === 0) break;
    }
    this.#at++;
    return {
      kind: "skipped",
      place,
      text: `${words.slice(0, 12).join(" ")} …`,
      assigns: [...assigns],
    };
  }

  #skipLine(place: Place, words: readonly Word[]): Statement {
    const text = words.map((word) => plainText(word) ?? "…").join(" ");
    while (!this.#atNewline()) this.#at++;
    return { kind: "skipped", place, text, assigns: [] };
  }

  /** `… train.py … 2>&1 | tee log`: what follows the launch changes nothing of it. */
  #launchTail(place: Place, words: readonly Word[]): Statement {
    const last = words.at(-1);
    const redirect = this.#tokens[this.#at];
    const descriptor = last !== undefined && /^[012]$/.test(plainText(last) ?? "");
    const kept =
      descriptor && redirect?.kind === "operator" && redirect.operator.startsWith(">")
        ? words.slice(0, -1)
        : words;
    while (!this.#atNewline()) this.#at++;
    return { kind: "command", place, words: kept };
  }

  #words(): Word[] {
    const words: Word[] = [];
    for (let word = this.#peekWord(); word !== undefined; word = this.#peekWord()) {
      words.push(word);
      this.#at++;
    }
    return words;
  }

  /** `|| exit 1` after a statement is what success means anyway. */
  #orExit(): void {
    const token = this.#tokens[this.#at];
    if (token?.kind !== "operator" || token.operator !== "||") return;
    const next = this.#tokens[this.#at + 1];
    if (next?.kind !== "word" || !["exit", "true"].includes(plainText(next.word) ?? ""))
      throw refused(token.place, '"||" is only read before exit');
    this.#at++;
    this.#words();
  }

  #peekWord(): Word | undefined {
    const token = this.#tokens[this.#at];
    return token?.kind === "word" ? token.word : undefined;
  }

  #atNewline(): boolean {
    const token = this.#tokens[this.#at];
    return token === undefined || (token.kind === "operator" && token.operator === "newline");
  }

  #endOfStatement(place: Place): void {
    if (!this.#atNewline()) throw refused(place, "something follows that is not read");
  }
}

function assignedName(word: Word): string | undefined {
  const [head] = word.parts;
  return head?.kind === "text" && !head.quoted ? ASSIGNMENT.exec(head.text)?.[1] : undefined;
}

function isAssignment(word: Word): boolean {
  return assignedName(word) !== undefined;
}

/** Whether a word names miles' training program. */
export function isTrainProgram(text: string | undefined): boolean {
  return text !== undefined && /(?:^|\/)train(?:_async)?\.py$/.test(text);
}

function isLaunch(words: readonly Word[]): boolean {
  return words.some((word) => isTrainProgram(plainText(word)));
}
