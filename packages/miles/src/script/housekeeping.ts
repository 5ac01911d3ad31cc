import { refused, type Place } from "./fault.ts";
import type { Token } from "./lexer.ts";
import { assignedName, plainText, type Word } from "./word.ts";
import { isTrainProgram } from "./train-program.ts";

/** What launchers do besides: it cannot change what train.py is told. */
const HARMLESS = new Set(
  "break cat cd chmod command continue cp curl date df echo false free git hf hostname huggingface-cli kill ln ls mkdir mv nvidia-smi pip pkill printf pwd ray rm scp set sleep ssh tar touch true ulimit unzip wait wget which".split(
    " ",
  ),
);
/** What may read a pipe; its commands run in shells of their own. */
const FILTERS = new Set("awk cut grep head sed sort tail tee tr uniq wc xargs".split(" "));
const KEYWORDS = new Set(["if", "then", "elif", "else", "fi", "while", "until", "do", "done", "!"]);
/** Word that begins a block → the one that ends it. */
const BLOCKS: Readonly<Record<string, string>> = {
  if: "fi",
  for: "done",
  while: "done",
  until: "done",
};
const TESTS: Readonly<Record<string, string>> = { "[": "]", "[[": "]]" };
const REDIRECTIONS = new Set([">", ">>", "<", "&>", ">&", "<&", "<<<"]);
const JOINTS = new Set(["&&", "||", "|", "&", "newline"]);

export interface Housekeeping {
  /** Index of the first token behind it. */
  readonly end: number;
  readonly text: string;
  /** Variables that it may set: they are unknown afterwards. */
  readonly assigns: readonly string[];
}

/** Whether a word begins a block, which is read over as a whole. */
export function beginsBlock(name: string | undefined): boolean {
  return name !== undefined && BLOCKS[name] !== undefined;
}

/** Whether a command of this name may be read over. */
export function isHarmless(name: string | undefined): boolean {
  return name !== undefined && HARMLESS.has(name);
}

/**
 * Reads over one line, or a block to its end. Every command in it is looked at: what could set a variable in a way that
 * is not followed, start train.py, or read another file into the shell is refused.
 */
export function readOver(
  tokens: readonly Token[],
  start: number,
  place: Place,
  joint = "newline",
): Housekeeping {
  return new Reader(tokens, start, place, joint).read();
}

class Reader {
  readonly #tokens: readonly Token[];
  readonly #place: Place;
  #at: number;
  /** The operator before the command at hand. */
  #joint: string;
  /** What ends the blocks that are open. */
  readonly #ends: string[] = [];
  readonly #assigns = new Set<string>();
  readonly #words: string[] = [];

  constructor(tokens: readonly Token[], start: number, place: Place, joint: string) {
    this.#tokens = tokens;
    this.#at = start;
    this.#place = place;
    this.#joint = joint;
  }

  read(): Housekeeping {
    for (;;) {
      const token = this.#tokens[this.#at];
      const ended =
        token === undefined || (token.kind === "operator" && token.operator === "newline");
      if (ended && this.#ends.length === 0) break;
      if (token === undefined)
        throw refused(this.#place, `"${this.#ends.at(-1) ?? ""}" is missing`);
      if (token.kind === "word") this.#command(token.word);
      else this.#operator(token.operator, token.place);
    }
    const shown = this.#words.slice(0, 12).join(" ");
    const text = this.#words.length > 12 ? `${shown} …` : shown;
    return { end: this.#at, text, assigns: [...this.#assigns] };
  }

  #operator(operator: string, place: Place): void {
    if (!JOINTS.has(operator)) throw refused(place, `"${operator}" is not read here`);
    this.#joint = operator;
    this.#at++;
  }

  #command(word: Word): void {
    const name = plainText(word);
    if (name === "for") this.#loop(word);
    else if (name !== undefined && KEYWORDS.has(name)) this.#keyword(name, word);
    else if (name === "export" || assignedName(word) !== undefined) this.#setting(word);
    else if (name !== undefined && TESTS[name] !== undefined) this.#until(TESTS[name], word.place);
    else if (
      isHarmless(name) ||
      (this.#joint === "|" && FILTERS.has(name ?? "")) ||
      name === "test"
    )
      this.#arguments(name);
    else if (name === "exit" && (this.#ends.length > 0 || this.#joint === "||"))
      this.#arguments(name);
    else throw refused(word.place, `"${name ?? "a command"}" is not read here`);
  }

  #keyword(name: string, word: Word): void {
    this.#take(word);
    const end = BLOCKS[name];
    if (end !== undefined) this.#ends.push(end);
    else if (name === "fi" || name === "done") {
      if (this.#ends.pop() !== name) throw refused(word.place, `"${name}" ends nothing`);
    } else if (this.#ends.length === 0) throw refused(word.place, `"${name}" is not read here`);
  }

  /** `for NAME in …; do`: its variable is set by the loop. */
  #loop(word: Word): void {
    this.#take(word);
    const name = this.#tokens[this.#at];
    const variable = name?.kind === "word" ? plainText(name.word) : undefined;
    if (variable === undefined || !/^[A-Za-z_]\w*$/.test(variable))
      throw refused(word.place, "only for NAME in … is read");
    this.#assigns.add(variable);
    this.#ends.push("done");
    this.#arguments("for");
  }

  /** `NAME=value`, `export NAME`; an array's words follow its parenthesis. */
  #setting(word: Word): void {
    this.#take(word);
    const name = assignedName(word) ?? (word.parts.length === 1 ? plainText(word) : undefined);
    if (name !== undefined && name !== "export") this.#assigns.add(name);
    const next = this.#tokens[this.#at];
    if (next?.kind === "operator" && next.operator === "(") this.#array(next.place);
    const after = this.#tokens[this.#at];
    if (after?.kind === "word" && plainText(word) === "export") this.#setting(after.word);
  }

  #array(place: Place): void {
    for (this.#at++; ; this.#at++) {
      const token = this.#tokens[this.#at];
      if (token === undefined) throw refused(place, "an array is not closed");
      if (token.kind === "operator" && token.operator === ")") break;
      if (token.kind === "operator" && token.operator !== "newline")
        throw refused(token.place, `"${token.operator}" in an array is not read`);
    }
    this.#at++;
  }

  /** The words of a test; within double brackets operators compare. */
  #until(close: string, place: Place): void {
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token === undefined || (token.kind === "operator" && token.operator === "newline"))
        throw refused(place, `a test without "${close}"`);
      this.#at++;
      if (token.kind !== "word") continue;
      this.#note(token.word);
      if (plainText(token.word) === close) return;
    }
  }

  #arguments(name: string | undefined): void {
    for (;;) {
      const token = this.#tokens[this.#at];
      if (token?.kind === "operator" && REDIRECTIONS.has(token.operator)) this.#at++;
      else if (token?.kind === "word") {
        if (name === "set" && plainText(token.word) === "--")
          throw refused(token.word.place, "set -- is not read");
        if (name === "printf" && plainText(token.word)?.startsWith("-v") === true)
          throw refused(token.word.place, "printf -v is not read");
        this.#take(token.word);
      } else return;
    }
  }

  #take(word: Word): void {
    this.#note(word);
    this.#at++;
  }

  #note(word: Word): void {
    const text = plainText(word);
    if (isTrainProgram(text))
      throw refused(word.place, "a launch that is not the script's own command");
    this.#words.push(text ?? "…");
  }
}
