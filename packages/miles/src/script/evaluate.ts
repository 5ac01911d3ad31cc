import { Expander, type ExpandOptions } from "./expand.ts";
import { refused, type Place } from "./fault.ts";
import { splitFields } from "./field-splitting.ts";
import { parseScript, type Statement } from "./statement.ts";
import { isTrainProgram } from "./train-program.ts";
import { assigned, UNKNOWN, type Value } from "./value.ts";
import { plainText, type Word } from "./word.ts";

export interface EvaluateOptions extends ExpandOptions {
  /** Text of a file that the script may source, by the path as written in the script; undefined = not given. */
  readonly source?: (path: string) => string | undefined;
  /** Variables that the script expects from its environment, and those that only a run of it could tell. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A line that was read over: it cannot change what train.py is told. */
export interface SkippedLine {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export interface Evaluated {
  /** The words of the one command that launches train.py; unquoted expansions are split, as the shell does. */
  readonly launch: readonly string[];
  readonly place: Place;
  /** Exported variables whose value is known. */
  readonly environment: Readonly<Record<string, string>>;
  readonly skipped: readonly SkippedLine[];
}

const MAX_SOURCES = 32;

/** Follows assignments, arrays and sources up to the launch; nothing is ever executed. */
export function evaluateScript(
  text: string,
  file: string,
  options: EvaluateOptions = {},
): Evaluated {
  const shell = new Shell(options);
  shell.run(parseScript(text, file));
  return shell.result(file);
}

class Shell {
  readonly #options: EvaluateOptions;
  readonly #variables = new Map<string, Value>();
  readonly #exported = new Set<string>();
  /** `NAME=text` in front of the command that comes next. */
  readonly #prefixes = new Map<string, string>();
  readonly #skipped: SkippedLine[] = [];
  #launch: { words: string[]; place: Place; prefixes: Record<string, string> } | undefined;
  readonly #expander: Expander;
  #sources = 0;

  constructor(options: EvaluateOptions) {
    this.#options = options;
    this.#expander = new Expander(this.#variables, options);
    for (const [name, text] of Object.entries(options.variables ?? {}))
      this.#variables.set(name, { kind: "scalar", text });
  }

  run(statements: readonly Statement[]): void {
    for (const statement of statements) this.#step(statement);
  }

  result(file: string): Evaluated {
    if (this.#launch === undefined)
      throw refused({ file, line: 1, byteOffset: 0 }, "launches no train.py");
    const environment: Record<string, string> = {};
    for (const name of this.#exported) {
      const value = this.#variables.get(name);
      if (value?.kind === "scalar") environment[name] = value.text;
    }
    const { words, place, prefixes } = this.#launch;
    Object.assign(environment, prefixes);
    return { launch: words, place, environment, skipped: this.#skipped };
  }

  #step(statement: Statement): void {
    const { place } = statement;
    if (statement.kind !== "assign" && statement.kind !== "command") this.#prefixes.clear();
    switch (statement.kind) {
      case "assign":
        this.#assign(statement);
        return;
      case "read-array": {
        const words = this.#expander.scalar(statement.from);
        this.#set(
          statement.name,
          // Only the first line is read.
          words.kind === "scalar"
            ? { kind: "array", items: splitFields(words.text.split("\n", 1).join("")) }
            : words,
        );
        return;
      }
      case "source":
        this.#source(statement);
        return;
      case "skipped":
        for (const name of statement.assigns)
          this.#set(name, {
            kind: "unknown",
            why: `set inside of a block in line ${place.line}`,
          });
        this.#skipped.push({ file: place.file, line: place.line, text: statement.text });
        return;
      case "command":
        if (this.#launch !== undefined) throw refused(place, "a second launch of train.py");
        this.#launch = {
          words: this.#launchWords(statement.words),
          place,
          prefixes: Object.fromEntries(this.#prefixes),
        };
    }
  }

  /** A value that only a run could tell is the one that was given for it. */
  #set(name: string, value: Value): void {
    const given = value.kind === "unknown" ? this.#options.variables?.[name] : undefined;
    this.#variables.set(name, given === undefined ? value : { kind: "scalar", text: given });
  }

  /** What stands before train.py is Ray's business: what is not known there is marked, not refused. */
  #launchWords(words: readonly Word[]): string[] {
    const program = words.findIndex((word) => isTrainProgram(plainText(word)));
    return words.flatMap((word, index) =>
      index < program
        ? [this.#expander.scalar(word, UNKNOWN)].flatMap(textOf)
        : this.#expander.fields(word),
    );
  }

  #assign({ name, append, value, exported, prefix, place }: Statement & { kind: "assign" }): void {
    const before = this.#variables.get(name);
    if (name === "IFS") throw refused(place, "another IFS is not read");
    if (prefix) {
      this.#prefix(name, append, value, place);
      return;
    }
    if (exported) this.#exported.add(name);
    if (append && before?.kind === "unknown") return;
    if ("parts" in value) {
      this.#set(name, assigned(before, this.#expander.scalar(value), append));
      return;
    }
    const earlier =
      !append || before === undefined
        ? []
        : before.kind === "array"
          ? before.items
          : textOf(before);
    const items = value.flatMap((word) => this.#expander.fields(word));
    this.#variables.set(name, { kind: "array", items: [...earlier, ...items] });
  }

  /** The command's own words do not see it. */
  #prefix(name: string, append: boolean, value: Word | readonly Word[], place: Place): void {
    if (append || !("parts" in value))
      throw refused(place, "only NAME=text is read before a command");
    const scalar = this.#expander.scalar(value);
    if (scalar.kind === "scalar") this.#prefixes.set(name, scalar.text);
  }

  #source({ path, place }: Statement & { kind: "source" }): void {
    const parts = path.parts.map((part) => (part.kind === "text" ? part.text : undefined));
    // A path below a folder that is not known is named by what is written after it.
    const written = parts
      .map((part) => part ?? "")
      .join("")
      .replace(/^\/+/, "");
    const full = parts.includes(undefined) ? written : parts.join("");
    const text = this.#options.source?.(full);
    if (text === undefined)
      throw refused(place, `sources ${full}, which was not given`, "Give it as a source file.");
    if (++this.#sources > MAX_SOURCES) throw refused(place, "sources more than 32 files");
    this.run(parseScript(text, full));
  }
}

function textOf(value: Value): string[] {
  return value.kind === "scalar" ? [value.text] : [];
}
