import {
  ALIGNED_ENVIRONMENTS,
  COMMANDS,
  DISPLAY_ENVIRONMENTS,
  ENVIRONMENT_PARAMETERS,
  MATRIX_ENVIRONMENTS,
  nothing,
} from "./latex-commands.ts";
import { asDisplay, asMatrix } from "./latex-layout.ts";
import { LIGATURES, SYMBOLS } from "./latex-symbols.ts";
import { strip } from "./python-number.ts";

/** About where the reference runs out of stack. */
const MAX_DEPTH = 140;
/** Of any script. */
const LETTER = /\p{L}+/uy;
const SPACES = /[ \t-\r]*/y;
const PLAIN = /[^\\{}[\]~&`'!?-]+/y;

/** Commands that the reference's converter knows and cannot convert. */
const UNREADABLE: ReadonlySet<string> = new Set(["href"]);

/** Stands where the reference's converter raises: that fails the conversion, unless what it stands in is left out anyway. */
const FAILED = "\uFDD0";

/** Raised when a text would cost more than linear work. */
class ConversionFailure extends Error {}

/** A mandatory argument was asked for at the end of the text. */
class MissingArgument extends Error {}

/**
 * LaTeX as plain text, with the losses of the converter that the reference uses: grouping goes
 * (`\frac{x+1}{2}` → `x+1/2`), unknown commands vanish and leave their argument, broken markup is read on.
 *
 * Undefined when the text cannot be converted; the reference then goes on with the text as it is.
 */
export function latexToText(latex: string): string | undefined {
  try {
    const text = new Converter(latex).read("end");
    return text.includes(FAILED) ? undefined : text;
  } catch (error) {
    if (error instanceof ConversionFailure) return undefined;
    throw error;
  }
}

const END_VERBATIM = "\\end{verbatim}";

/** What ends the stretch that is being read. */
type Until = "end" | "brace" | "bracket" | "inline" | "display" | "environment";

class Converter {
  readonly #source: string;
  #at = 0;
  #depth = 0;
  #work: number;

  constructor(source: string) {
    this.#source = source;
    // A missing argument makes the reader go back; this bounds how often.
    this.#work = 4 * source.length + 1000;
  }

  /** Reads on to the end of a stretch and consumes what ends it: of an environment the end of that name. `cells` collects a matrix instead. */
  read(until: Until, environment?: string, cells?: string[][]): string {
    if (++this.#depth > MAX_DEPTH) throw new ConversionFailure();
    let parts: string[] = [];
    const endCell = (): void => {
      if (parts.length > 0) cells?.at(-1)?.push(strip(parts.join("")));
      parts = [];
    };
    while (this.#at < this.#source.length) {
      this.#spend();
      PLAIN.lastIndex = this.#at;
      const plain = PLAIN.exec(this.#source)?.[0];
      if (plain !== undefined) {
        this.#spend(plain.length);
        parts.push(plain);
        this.#at += plain.length;
        continue;
      }
      const character = this.#source[this.#at];
      if (character === "\\") {
        const name = this.#peekCommand();
        const ended = name === "end" ? this.#environmentName() : undefined;
        if (ended !== undefined) {
          if (ended === environment) break;
        } else if (name === "]") {
          this.#at += 2;
          if (until === "display") break;
        } else if (name === ")") {
          this.#at += 2;
          if (until === "inline") break;
        } else if (name === "\\" && cells !== undefined) {
          this.#command();
          endCell();
          cells.push([]);
        } else {
          parts.push(this.#command());
        }
      } else if (character === "{") {
        this.#at++;
        parts.push(this.read("brace"));
      } else if (character === "}") {
        this.#at++;
        if (until === "brace") break;
      } else if (character === "]" && until === "bracket") {
        this.#at++;
        this.#depth--;
        return parts.join("");
      } else if (character === "[" && until === "bracket") {
        this.#at++;
        parts.push(this.read("bracket"));
      } else if (character === "&" && cells !== undefined) {
        this.#at++;
        endCell();
      } else {
        parts.push(this.#sign());
      }
    }
    this.#depth--;
    if (until === "bracket") throw new MissingArgument();
    if (cells !== undefined) endCell();
    return parts.join("");
  }

  #spend(work = 1): void {
    this.#work -= work;
    if (this.#work < 0) throw new ConversionFailure();
  }

  /** A ligature or a single character. */
  #sign(): string {
    for (const [typed, text] of LIGATURES) {
      if (this.#source.startsWith(typed, this.#at)) {
        this.#at += typed.length;
        return text;
      }
    }
    const character = String.fromCodePoint(this.#source.codePointAt(this.#at) ?? 0);
    this.#at += character.length;
    return character;
  }

  /** The name of the command at the cursor; a run of letters or one sign. "" at the very end. */
  #peekCommand(): string {
    LETTER.lastIndex = this.#at + 1;
    const letters = LETTER.exec(this.#source)?.[0];
    if (letters !== undefined) return letters;
    const code = this.#source.codePointAt(this.#at + 1);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #skipName(name: string): void {
    this.#at += 1 + name.length;
  }

  /** White space is skipped, but not across an empty line. */
  #skipSpaces(): void {
    SPACES.lastIndex = this.#at;
    const spaces = SPACES.exec(this.#source)?.[0] ?? "";
    if (!/\n[ \t]*\n/.test(spaces)) this.#at += spaces.length;
  }

  #command(): string {
    const name = this.#peekCommand();
    if (name === "begin") return this.#environment();
    this.#skipName(name);
    if (name === "end") return "\\end";
    if (name === "(") return strip(this.read("inline"));
    if (name === "[") return asDisplay(this.read("display"));
    if (name === "\\") return this.#lineBreak();
    if (name === "verb") return this.#verbatim();
    if (UNREADABLE.has(name)) return FAILED;
    const rule = COMMANDS.get(name);
    if (rule !== undefined) {
      const start = this.#at;
      this.#skipSpaces();
      const args = this.#arguments(rule.parameters);
      if (args !== undefined) {
        const fails = rule.text !== nothing && args.some((text) => text.includes(FAILED));
        return fails ? FAILED : rule.text(args);
      }
      this.#at = start;
      this.#skipSpaces();
      return rule.bare ?? FAILED;
    }
    if (/^\p{L}/u.test(name)) this.#skipSpaces();
    return SYMBOLS.get(name) ?? "";
  }

  #lineBreak(): string {
    if (this.#source[this.#at] === "*") this.#at++;
    // The spacing after a line break counts only when it follows at once.
    if (this.#source[this.#at] === "[") this.#arguments("[");
    return "\n";
  }

  #verbatim(): string {
    this.#skipSpaces();
    const mark = this.#source[this.#at];
    if (mark === undefined) return FAILED;
    const end = this.#source.indexOf(mark, this.#at + 1);
    if (end !== -1) this.#at = end + 1;
    return "";
  }

  /** All arguments of a command, or undefined when a mandatory one is missing. */
  #arguments(parameters: string): string[] | undefined {
    const depth = this.#depth;
    try {
      return Array.from(parameters, (parameter) => {
        const start = this.#at;
        this.#skipSpaces();
        if (parameter === "{") return this.#mandatory();
        const sign = this.#source[this.#at];
        if (parameter === "[" && sign === "[") return this.#optional();
        if (parameter === "*" && sign === "*") this.#at++;
        else this.#at = start;
        return "";
      });
    } catch (error) {
      if (!(error instanceof MissingArgument)) throw error;
      this.#depth = depth;
      return undefined;
    }
  }

  #optional(): string {
    this.#at++;
    return this.read("bracket");
  }

  /** A group, a single command without arguments, or a single sign. */
  #mandatory(): string {
    this.#spend();
    const character = this.#source[this.#at];
    if (character === undefined) throw new MissingArgument();
    if (character === "}") return "";
    if (character === "{") {
      this.#at++;
      return this.read("brace");
    }
    if (character !== "\\") return this.#sign();
    const name = this.#peekCommand();
    if (name === "") throw new MissingArgument();
    if (name === "end") return "";
    this.#skipName(name);
    if (name === "begin") return "";
    if (name === "\\") return "\n";
    const rule = COMMANDS.get(name);
    if (UNREADABLE.has(name) || (rule !== undefined && rule.bare === undefined)) return FAILED;
    if (/^\p{L}/u.test(name)) this.#skipSpaces();
    return rule?.bare ?? SYMBOLS.get(name) ?? "";
  }

  /** Consumes `\begin{name}` or `\end{name}`; undefined, and nothing consumed, where no name follows. */
  #environmentName(): string | undefined {
    const name = /^\\(?:begin|end)[ \t-\r]*\{([\p{L}\p{N}_* .-]+)\}/u.exec(
      this.#source.slice(this.#at, this.#at + 200),
    );
    if (name === null) return undefined;
    this.#at += name[0].length;
    return name[1];
  }

  #environment(): string {
    const name = this.#environmentName();
    if (name === undefined) {
      this.#at += "\\begin".length;
      return "\\begin";
    }
    const start = this.#at;
    if (this.#arguments(ENVIRONMENT_PARAMETERS.get(name) ?? "") === undefined) this.#at = start;
    if (name === "verbatim") {
      const end = this.#source.indexOf(END_VERBATIM, this.#at);
      if (end !== -1) {
        this.#at = end + END_VERBATIM.length;
        return "";
      }
    }
    if (MATRIX_ENVIRONMENTS.has(name)) {
      const cells: string[][] = [[]];
      this.read("environment", name, cells);
      return asMatrix(cells) ?? FAILED;
    }
    const text = this.read("environment", name);
    if (ALIGNED_ENVIRONMENTS.has(name)) return `\n${text}\n`;
    return DISPLAY_ENVIRONMENTS.has(name) ? asDisplay(text) : text;
  }
}
