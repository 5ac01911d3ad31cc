import { refused, type Place } from "./fault.ts";
import { tokenize, type Token } from "./lexer.ts";
import { beginsBlock, isHarmless, readOver } from "./housekeeping.ts";
import { isTrainProgram } from "./train-program.ts";
import { ASSIGNMENT, assignedName, plainText, type Part, type Word } from "./word.ts";

export type Statement =
  | {
      readonly kind: "assign";
      readonly place: Place;
      readonly name: string;
      readonly append: boolean;
      /** One word, or the words of an array. */
      readonly value: Word | readonly Word[];
      readonly exported: boolean;
      /** It stands before a command and holds for that one's environment only. */
      readonly prefix: boolean;
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
    if (beginsBlock(keyword) || isHarmless(keyword)) return this.#readOver(first.place);
    if (keyword === "export" || keyword === "declare" || keyword === "local") {
      this.#at++;
      const word = this.#peekWord();
      if (keyword === "export" && word !== undefined) return this.#assignment(word, true);
      throw refused(first.place, `"${keyword}" is not read`);
    }
    if (assignedName(first) !== undefined) return this.#assignment(first, false);
    if (keyword === "source" || keyword === ".") return this.#source(first.place);
    if (keyword === "read") return this.#read(first.place);
    const words = this.#launchWords();
    if (isLaunch(words)) return { kind: "command", place: first.place, words };
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
    if (this.#peekWord() === undefined) this.#endOfStatement(word.place);
    return {
      kind: "assign",
      place: word.place,
      name,
      append,
      value,
      exported,
      prefix: !exported && this.#beforeCommand(),
    };
  }

  /** Whether a command follows on this line, after more assignments perhaps. */
  #beforeCommand(): boolean {
    let at = this.#at;
    let depth = 0;
    for (; ; at++) {
      const token = this.#tokens[at];
      if (token === undefined) return false;
      if (token.kind === "operator") {
        if (token.operator === "(") depth++;
        else if (token.operator === ")") depth--;
        else if (depth === 0) return false;
      } else if (depth === 0 && assignedName(token.word) === undefined) return true;
    }
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

  #readOver(place: Place): Statement {
    const from = this.#tokens[this.#at];
    const words = this.#lineWords();
    if (from?.kind === "word" && !beginsBlock(plainText(from.word)) && isLaunch(words)) {
      return { kind: "command", place, words: this.#launchWords() };
    }
    const { end, text, assigns } = readOver(this.#tokens, this.#at, place);
    this.#at = end;
    return { kind: "skipped", place, text, assigns };
  }

  /** The words up to the next operator, without taking them. */
  #lineWords(): Word[] {
    const words: Word[] = [];
    for (let at = this.#at; ; at++) {
      const token = this.#tokens[at];
      if (token?.kind !== "word") return words;
      words.push(token.word);
    }
  }

  /** Words of a command without its redirections; what follows the command is housekeeping. */
  #launchWords(): Word[] {
    const words: Word[] = [];
    for (; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined) break;
      if (token.kind === "word") words.push(token.word);
      else if (!["<", ">", ">>", "&>", ">&", "<&"].includes(token.operator)) break;
      else {
        if (isDescriptorOf(words.at(-1), token.place)) words.pop();
        if (this.#tokens[++this.#at]?.kind !== "word")
          throw refused(token.place, `"${token.operator}" names no file`);
      }
    }
    const end = this.#tokens[this.#at];
    if (end?.kind !== "operator" || end.operator === "newline" || !isLaunch(words)) return words;
    if (!["|", "&", "||"].includes(end.operator))
      throw refused(end.place, `"${end.operator}" after a launch is not read`);
    this.#at = readOver(this.#tokens, this.#at, end.place, end.operator).end;
    return words;
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

/** `2` of `2>&1`, which touches the operator; a `2` with a blank behind it is an argument. */
function isDescriptorOf(word: Word | undefined, operator: Place): boolean {
  const [part, ...rest] = word?.parts ?? [];
  if (word === undefined || part?.kind !== "text" || part.quoted || rest.length > 0) return false;
  const touches = word.place.byteOffset + part.text.length === operator.byteOffset;
  return touches && /^\d+$/.test(part.text);
}

function isLaunch(words: readonly Word[]): boolean {
  return words.some((word) => isTrainProgram(plainText(word)));
}
