import { Atoms } from "./atoms.ts";
import { Budget, quantity } from "./polynomial.ts";
import { factorialOf, logarithm, raised, squareRoot } from "./powers.ts";
import {
  NotComputable,
  opposite,
  product,
  quotient,
  sum,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";

const MAX_LENGTH = 4000;
/** Python's own parser takes 199 parentheses within each other, and about so many signs in a row. */
const MAX_DEPTH = 199;
const MAX_SIGNS = 2_500;
const DIGITS = "[0-9](?:_?[0-9])*";
const NUMBER = new RegExp(
  `(?:${DIGITS}(\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?(?![0-9.]|_[0-9])`,
  "y",
);
const NAME = /[\p{L}_][\p{L}0-9_]*/uy;
const SIGNS = /[+-]*/y;
const ROW_FACTOR = /\p{L}|[0-9]+/uy;
/** Names that mean something to the reference's parser, so that they are not products of letters. */
const MEANINGFUL: ReadonlySet<string> = new Set(
  (
    "all as csc eye ff fft frac fu gff hn1 hn2 id if im in is jn li ln nan ntt oo or re rf sqrt yn zoo " +
    "abs bin cos cot exp log max min not sec sin sum tan"
  ).split(" "),
);
/** Two-letter names of Greek letters are one unknown each. */
const GREEK: ReadonlySet<string> = new Set(["mu", "nu", "xi"]);

/** A value, and what is known of the quantities in it. */
export interface Evaluated {
  readonly value: Value;
  readonly atoms: Atoms;
}

/**
 * The value of an expression as the reference's parser reads it, for the part of its grammar that is
 * arithmetic: numbers, unknowns (each letter one), `+ - * / ^ !`, parentheses, adjacency as a product, roots, ln.
 * Throws `NotComputable` for all else and `EffortExceeded` where it would take long.
 */
export function evaluate(text: string): Evaluated {
  if (text.length > MAX_LENGTH) throw new NotComputable();
  // Within parentheses, where all of it is, a line may end anywhere between two tokens.
  const line = text.replaceAll(/(?<=[-+*/^(])\s*\n\s*|\s*\n\s*(?=[-+*/^)])/g, "");
  const reader = new Reader(line.replaceAll("^", "**"));
  return { value: reader.whole(), atoms: reader.atoms };
}

class Reader {
  readonly #text: string;
  readonly #budget = new Budget();
  readonly atoms = new Atoms(this.#budget);
  #at = 0;
  #depth = 0;
  /** End of the row of letters that the cursor stands in. */
  #rowEnd = 0;
  #rowStart = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Value {
    const value = this.#sum();
    if (this.#at !== this.#text.length) throw new NotComputable();
    return value;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #sum(): Value {
    if (++this.#depth > MAX_DEPTH) throw new NotComputable();
    let value = this.#product();
    for (;;) {
      if (this.#take("+")) value = sum(value, this.#product(), this.#budget);
      else if (this.#take("-")) value = sum(value, opposite(this.#product()), this.#budget);
      else break;
    }
    this.#depth--;
    return value;
  }

  #product(): Value {
    let value = this.#factor();
    for (;;) {
      if (this.#text.startsWith("**", this.#at) || this.#text.startsWith("//", this.#at)) {
        throw new NotComputable();
      }
      if (this.#take("*")) value = product(value, this.#factor(), this.#budget);
      else if (this.#take("/")) value = this.#quotient(value, this.#factor());
      else if (this.#startsAtom()) value = product(value, this.#power(), this.#budget);
      else return value;
    }
  }

  #quotient(a: Value, b: Value): Value {
    if (typeof b === "number") return quotient(a, b, this.#budget);
    const divisor = this.atoms.reduce(b);
    const value = quotient(a, divisor, this.#budget);
    return typeof value === "number" ? value : this.atoms.reduce(value);
  }

  #factor(): Value {
    SIGNS.lastIndex = this.#at;
    const signs = SIGNS.exec(this.#text)?.[0] ?? "";
    if (signs.length > MAX_SIGNS) throw new NotComputable();
    this.#at += signs.length;
    const value = this.#power();
    return signs.replaceAll("+", "").length % 2 === 1 ? opposite(value) : value;
  }

  #power(): Value {
    const base = this.#atom();
    if (!this.#take("**")) return base;
    return raised(base, this.#factor(), { atoms: this.atoms, budget: this.#budget });
  }

  #startsAtom(): boolean {
    return /^[(.0-9_]|^\p{L}/u.test(this.#text.slice(this.#at, this.#at + 2));
  }

  /** A number, a name or a group, with what may follow it as part of it: a factorial sign. */
  #atom(): Value {
    if (this.#at < this.#rowEnd) return this.#rowFactor();
    let value: Value;
    if (this.#take("(")) {
      value = this.#group();
    } else {
      NUMBER.lastIndex = this.#at;
      const number = NUMBER.exec(this.#text)?.[0];
      value = number === undefined ? this.#name() : this.#number(number);
    }
    if (this.#take("!")) {
      value = factorialOf(value, { atoms: this.atoms, budget: this.#budget });
      if (/^[!=]/.test(this.#text.slice(this.#at, this.#at + 1))) throw new NotComputable();
    }
    return value;
  }

  #group(): Value {
    const value = this.#sum();
    if (!this.#take(")")) throw new NotComputable();
    return value;
  }

  #number(literal: string): Value {
    this.#at += literal.length;
    const plain = literal.replaceAll("_", "");
    if (/^[0-9]+$/.test(plain)) {
      // "012" is two numbers to the reference, "0x1f" a hexadecimal one, "5j" a complex one.
      if (/^0+[1-9]/.test(plain) || plain.length > 4300) throw new NotComputable();
      if (plain === "0" && /^[xob]/.test(this.#text.slice(this.#at))) throw new NotComputable();
    }
    if (this.#text[this.#at] === "j") throw new NotComputable();
    if (/^[0-9]+$/.test(plain)) return whole(BigInt(plain));
    const digits = plain.replace(/e.*$/, "").replace(".", "").replace(/^0+/, "");
    const value = Number(plain);
    // Too large for a double: it is only known to equal itself.
    if (value === Number.POSITIVE_INFINITY) return this.atoms.of(`decimal ${plain}`);
    // A longer decimal has more precision than a double there.
    if (digits.length > 15 || !Number.isFinite(value)) throw new NotComputable();
    if (value === 0 && digits !== "") throw new NotComputable();
    return value;
  }

  #name(): Value {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) throw new NotComputable();
    this.#at += name.length;
    if (name === "pi") return unknown("pi");
    const means = { atoms: this.atoms, budget: this.#budget };
    if (name === "sqrt" && this.#take("(")) return squareRoot(this.#group(), means);
    if (name === "ln" && this.#take("(")) return logarithm(this.#group(), means);
    if (MEANINGFUL.has(name)) throw new NotComputable();
    // A name with a lowered part is one unknown; any other is a row of letters and numbers, a product.
    if (name.includes("_") || GREEK.has(name)) return unknown(name);
    this.#rowEnd = this.#at;
    this.#at -= name.length;
    this.#rowStart = this.#at;
    return this.#rowFactor();
  }

  #rowFactor(): Value {
    ROW_FACTOR.lastIndex = this.#at;
    const factor = ROW_FACTOR.exec(this.#text)?.[0] ?? "";
    this.#at += factor.length;
    const alone = this.#at === this.#rowEnd && factor.length === this.#rowEnd - this.#rowStart;
    if ((this.#text[this.#at] === "!" && !alone) || /^0[0-9]/.test(factor))
      throw new NotComputable();
    return /^[0-9]/.test(factor) ? whole(BigInt(factor)) : unknown(factor);
  }
}

function unknown(name: string): Ratio {
  return { numerator: quantity(name), denominator: whole(1n).numerator };
}
