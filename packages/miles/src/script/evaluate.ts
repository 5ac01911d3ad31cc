import { refused, type Place } from "./fault.ts";
import { isPattern, splitFields } from "./field-splitting.ts";
import { sequence } from "./sequence.ts";
import { parseScript, type Statement } from "./statement.ts";
import { isTrainProgram } from "./train-program.ts";
import { assigned, elementsOf, isEmpty, UNKNOWN, type Value } from "./value.ts";
import { plainText, type Part, type Word } from "./word.ts";

export interface EvaluateOptions {
  /** Text of a file that the script may source, by the path as written in the script; undefined = not given. */
  readonly source?: (path: string) => string | undefined;
  /** Variables that the script expects from its environment. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Arguments of a model by the name in the reference's `model_args_utils.py NAME`; undefined = not known. */
  readonly modelArgs?: (name: string) => readonly string[] | undefined;
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

/** The one program whose output is known: `python3 …/model_args_utils.py NAME`. */
const MODEL_ARGS = /^\s*python[\d.]*\s+"?[\w./${}-]*\bmodel_args_utils\.py"?\s+"?([\w.-]+)"?\s*$/;
const MAX_TEXT = 4 << 20;
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
  #sources = 0;
  #expanded = 0;

  constructor(options: EvaluateOptions) {
    this.#options = options;
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
        const words = this.#scalar(statement.from);
        this.#variables.set(
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
          this.#variables.set(name, {
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

  /** What stands before train.py is Ray's business: what is not known there is marked, not refused. */
  #launchWords(words: readonly Word[]): string[] {
    const program = words.findIndex((word) => isTrainProgram(plainText(word)));
    return words.flatMap((word, index) =>
      index < program ? [this.#scalar(word, UNKNOWN)].flatMap(textOf) : this.#fields(word),
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
      this.#variables.set(name, assigned(before, this.#scalar(value), append));
      return;
    }
    const earlier =
      !append || before === undefined
        ? []
        : before.kind === "array"
          ? before.items
          : textOf(before);
    const items = value.flatMap((word) => this.#fields(word));
    this.#variables.set(name, { kind: "array", items: [...earlier, ...items] });
  }

  /** The command's own words do not see it. */
  #prefix(name: string, append: boolean, value: Word | readonly Word[], place: Place): void {
    if (append || !("parts" in value))
      throw refused(place, "only NAME=text is read before a command");
    const scalar = this.#scalar(value);
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

  /** One text, as in an assignment: nothing is split. */
  #scalar(word: Word, instead?: string): Value & { kind: "scalar" | "unknown" } {
    let text = "";
    for (const part of word.parts) {
      const value = this.#part(part, word.place);
      if (value.kind === "unknown") {
        if (instead === undefined) return this.#partly(word, value);
        text += value.partly ?? instead;
        continue;
      }
      text += value.kind === "scalar" ? value.text : value.items.join(" ");
    }
    this.#count(text.length, word.place);
    return { kind: "scalar", text };
  }

  #partly(word: Word, value: Value & { kind: "unknown" }): Value & { kind: "unknown" } {
    const text = this.#scalar(word, UNKNOWN);
    return text.kind === "scalar" ? { ...value, partly: text.text } : value;
  }

  /** The fields that a word becomes in a command or an array. */
  #fields(word: Word): string[] {
    const fields: string[] = [];
    let current: string | undefined;
    for (const part of word.parts) {
      const value = this.#part(part, word.place);
      if (value.kind === "unknown")
        throw refused(
          word.place,
          `${describe(part)} is ${value.why}`,
          "Give it a value as a variable, or write the value into the script.",
        );
      if (part.kind === "text" && !part.quoted && isPattern(part.text))
        throw refused(word.place, `"${part.text}" would be expanded by the shell`, "Quote it.");
      if (part.quoted && value.kind === "scalar") {
        current = (current ?? "") + value.text;
        continue;
      }
      if (part.kind === "text" && value.kind === "scalar") {
        current = (current ?? "") + value.text;
        continue;
      }
      const pieces =
        value.kind === "array" && part.quoted
          ? [...value.items]
          : splitFields(value.kind === "array" ? value.items.join(" ") : value.text);
      const [first, ...rest] = pieces;
      if (first === undefined) continue;
      current = (current ?? "") + first;
      for (const piece of rest) {
        fields.push(current);
        current = piece;
      }
    }
    if (current !== undefined) fields.push(current);
    this.#count(
      fields.reduce((sum, field) => sum + field.length + 1, 0),
      word.place,
    );
    return fields;
  }

  #part(part: Part, place: Place): Value {
    if (part.kind === "text") return { kind: "scalar", text: part.text };
    if (part.kind === "command") return this.#substitution(part.source, place);
    const value = this.#variables.get(part.name);
    const chosen = value?.kind === "array" ? elementsOf(value.items, part.elements) : value;
    const { fallback } = part;
    if (fallback !== undefined && (chosen === undefined || (fallback.forEmpty && isEmpty(chosen))))
      return { kind: "scalar", text: fallback.text };
    if (chosen !== undefined) return chosen;
    if (value !== undefined) return { kind: "scalar", text: "" };
    return { kind: "unknown", why: "not set in the script" };
  }

  /** Only what can be told without running it: seq, and the reference's table of model arguments. */
  #substitution(source: string, place: Place): Value {
    const seq = /^\s*seq((?:\s+-?\d{1,9}){1,3})\s*$/.exec(source);
    if (seq !== null) {
      const numbers = (seq[1] ?? "").trim().split(/\s+/).map(Number);
      return { kind: "scalar", text: sequence(numbers, place).join("\n") };
    }
    const model = MODEL_ARGS.exec(source)?.[1];
    const args = model === undefined ? undefined : this.#options.modelArgs?.(model);
    if (model !== undefined && args === undefined)
      throw refused(
        place,
        `the arguments of the model ${model} are not known`,
        "Name the folder with that model's config.json: its arguments are derived from there.",
      );
    if (args !== undefined) return { kind: "scalar", text: args.join(" ") };
    const shown = source.trim().split("\n")[0]?.slice(0, 60) ?? "";
    return { kind: "unknown", why: `what $(${shown}) prints, and nothing is executed` };
  }

  #count(length: number, place: Place): void {
    this.#expanded += length;
    if (this.#expanded > MAX_TEXT) throw refused(place, "expands to more than 4 MB");
  }
}

function textOf(value: Value): string[] {
  return value.kind === "scalar" ? [value.text] : [];
}

function describe(part: Part): string {
  return part.kind === "variable" ? `$${part.name}` : "a part";
}
