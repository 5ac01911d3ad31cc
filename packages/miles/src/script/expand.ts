import { arithmetic } from "./arithmetic.ts";
import { refused, type Place } from "./fault.ts";
import { isPattern, splitFields } from "./field-splitting.ts";
import { sequence } from "./sequence.ts";
import { elementsOf, isEmpty, UNKNOWN, type Value } from "./value.ts";
import type { Part, Word } from "./word.ts";

export interface ExpandOptions {
  /** Arguments of a model by the name in the reference's `model_args_utils.py NAME`; undefined = not known. */
  readonly modelArgs?: (name: string) => readonly string[] | undefined;
}

/** The one program whose output is known: `python3 …/model_args_utils.py NAME`. */
const MODEL_ARGS = /^\s*python[\d.]*\s+"?[\w./${}-]*\bmodel_args_utils\.py"?\s+"?([\w.-]+)"?\s*$/;
const MAX_TEXT = 4 << 20;
const BLANK = /[ \t\n]/;

/** What words become, given the variables; bounded in what it makes of them. */
export class Expander {
  readonly #variables: ReadonlyMap<string, Value>;
  readonly #options: ExpandOptions;
  #expanded = 0;

  constructor(variables: ReadonlyMap<string, Value>, options: ExpandOptions) {
    this.#variables = variables;
    this.#options = options;
  }

  /** One text, as in an assignment: nothing is split. What is not known makes it unknown, or is marked by `instead`. */
  scalar(word: Word, instead?: string): Value & { kind: "scalar" | "unknown" } {
    let text = "";
    for (const part of this.#chosen(word.parts, word.place)) {
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
    const text = this.scalar(word, UNKNOWN);
    return text.kind === "scalar" ? { ...value, partly: text.text } : value;
  }

  /** The fields that a word becomes in a command or an array. */
  fields(word: Word): string[] {
    const fields: string[] = [];
    let current: string | undefined;
    const end = (): void => {
      if (current !== undefined) fields.push(current);
      current = undefined;
    };
    const joined = (pieces: readonly string[]): void => {
      for (const [place, piece] of pieces.entries()) {
        if (place > 0) end();
        current = (current ?? "") + piece;
      }
    };
    for (const part of this.#chosen(word.parts, word.place)) {
      const value = this.#known(part, word.place);
      if (part.kind === "text" && !part.quoted && isPattern(part.text))
        throw refused(word.place, `"${part.text}" would be expanded by the shell`, "Quote it.");
      if (isWhole(part)) {
        joined(value.kind === "array" ? value.items : [value.text]);
        continue;
      }
      // Blanks at an end of it part it from what stands beside it.
      const text = value.kind === "array" ? value.items.join(" ") : value.text;
      if (BLANK.test(text[0] ?? "")) end();
      joined(splitFields(text));
      if (BLANK.test(text.at(-1) ?? "")) end();
    }
    end();
    this.#count(
      fields.reduce((sum, field) => sum + field.length + 1, 0),
      word.place,
    );
    return fields;
  }

  #known(part: Part, place: Place): Exclude<Value, { kind: "unknown" }> {
    const value = this.#part(part, place);
    if (value.kind !== "unknown") return value;
    const name = part.kind === "variable" ? part.name : "NAME";
    throw refused(
      place,
      `${part.kind === "variable" ? `$${name}` : "a part"} is ${value.why}`,
      part.kind === "variable"
        ? `Give it a value (import --define ${name}=VALUE), or write the value into the script.`
        : "Write the value into the script.",
    );
  }

  /** The parts with those of `${name-…}` in its place, where they stand in for it. */
  #chosen(parts: readonly Part[], place: Place): Part[] {
    return parts.flatMap((part): Part[] => {
      if (part.kind !== "variable" || part.alternative === undefined) return [part];
      const { sign, forEmpty, parts: other } = part.alternative;
      const value = this.#variable(part);
      const none = value === undefined || (forEmpty && isEmpty(value));
      if (sign === "?" && none)
        throw refused(
          place,
          `$${part.name} has to be given`,
          `Give it a value: import --define ${part.name}=VALUE.`,
        );
      if (sign === "+" && value?.kind === "unknown") return [part];
      const taken = sign === "+" ? !none : sign === "-" && none;
      if (!taken && sign !== "+") return [part];
      const stand = taken ? this.#chosen(other, place) : [];
      // In quotes it is a text, if an empty one.
      return stand.length === 0 && part.quoted ? [{ kind: "text", text: "", quoted: true }] : stand;
    });
  }

  /** Undefined where the shell says that there is nothing. */
  #variable({ name, elements }: Part & { kind: "variable" }): Value | undefined {
    const value = this.#variables.get(name);
    return value?.kind === "array" ? elementsOf(value.items, elements) : value;
  }

  #part(part: Part, place: Place): Value {
    if (part.kind === "text") return { kind: "scalar", text: part.text };
    if (part.kind === "command") return this.#substitution(part.source, place);
    if (part.kind === "arithmetic") return this.#arithmetic(part.source, place);
    const chosen = this.#variable(part);
    if (chosen !== undefined) return chosen;
    if (this.#variables.has(part.name)) return { kind: "scalar", text: "" };
    return { kind: "unknown", why: notSet(part.name) };
  }

  #arithmetic(source: string, place: Place): Value {
    const lookup = (name: string): { readonly text: string } | { readonly why: string } => {
      const value = this.#variable({
        kind: "variable",
        name,
        elements: "first",
        alternative: undefined,
        quoted: false,
      });
      if (value === undefined) return { why: `calculated from $${name}, which is ${notSet(name)}` };
      return value.kind === "scalar"
        ? value
        : { why: value.kind === "unknown" ? value.why : "calculated from a list" };
    };
    const result = arithmetic(source, lookup, place);
    return "text" in result ? { kind: "scalar", ...result } : { kind: "unknown", ...result };
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

/** Whether the shell leaves it in one piece. */
function isWhole(part: Part): boolean {
  return part.quoted || (part.kind === "text" && part.splits !== true);
}

function notSet(name: string): string {
  return /^[0-9#?]/.test(name) ? "what the script is started with" : "not set in the script";
}
