import { Budget, quantity } from "./polynomial.ts";
import {
  factorial,
  NotComputable,
  opposite,
  power,
  product,
  quotient,
  squareRoot,
  sum,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";

const MAX_LENGTH = 4000;
const MAX_DEPTH = 100;
const DIGITS = "[0-9](?:_?[0-9])*";
const NUMBER = new RegExp(
  `(?:${DIGITS}(\\.(?:${DIGITS})?)?|\\.${DIGITS})(?:e[+-]?${DIGITS})?(?![0-9_.])`,
  "y",
);
const NAME = /\p{L}[\p{L}0-9_]*/uy;
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

/**
 * The value of an expression as the reference's parser reads it, for the part of its grammar that is
 * arithmetic: numbers, unknowns (each letter one), `+ - * / ^ !`, parentheses, adjacency as a product, roots.
 * Throws `NotComputable` for all else and `EffortExceeded` where it would take long.
 */
export function evaluate(text: string): Value {
  if (text.length > MAX_LENGTH) throw new NotComputable();
  return new Reader(text.replaceAll("^", "**")).whole();
}

class Reader {
  readonly #text: string;
  readonly #budget = new Budget();
  #at = 0;
  #depth = 0;
  /** End of the row of letters that the cursor stands in. */
  #rowEnd = 0;

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
      else if (this.#take("/")) value = quotient(value, this.#factor(), this.#budget);
      else if (this.#startsAtom()) value = product(value, this.#power(), this.#budget);
      else return value;
    }
  }

  #factor(): Value {
    if (++this.#depth > MAX_DEPTH) throw new NotComputable();
    let value: Value;
    if (this.#take("-")) value = opposite(this.#factor());
    else if (this.#take("+")) value = this.#factor();
    else value = this.#power();
    this.#depth--;
    return value;
  }

  #power(): Value {
    const base = this.#atom();
    return this.#take("**") ? power(base, this.#factor(), this.#budget) : base;
  }

  #startsAtom(): boolean {
    return /^[(.0-9]|^\p{L}/u.test(this.#text.slice(this.#at, this.#at + 2));
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
      value = factorial(value);
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
    if (name === "sqrt" && this.#take("(")) return this.#root();
    if (MEANINGFUL.has(name)) throw new NotComputable();
    // A name with a lowered part is one unknown; any other is a row of letters and numbers, a product.
    if (name.includes("_") || GREEK.has(name)) return unknown(name);
    this.#rowEnd = this.#at;
    this.#at -= name.length;
    return this.#rowFactor();
  }

  #rowFactor(): Value {
    ROW_FACTOR.lastIndex = this.#at;
    const factor = ROW_FACTOR.exec(this.#text)?.[0] ?? "";
    this.#at += factor.length;
    if (this.#text[this.#at] === "!" || /^0[0-9]/.test(factor)) throw new NotComputable();
    return /^[0-9]/.test(factor) ? whole(BigInt(factor)) : unknown(factor);
  }

  /** What is left of a root after its square factors stands for itself: enough to see that equal roots are equal. */
  #root(): Value {
    const value = this.#group();
    const { factor, radicand } = squareRoot(value);
    return radicand === undefined
      ? factor
      : product(factor, unknown(`sqrt ${describe(radicand)}`), this.#budget);
  }
}

function unknown(name: string): Ratio {
  return { numerator: quantity(name), denominator: whole(1n).numerator };
}

/** A name for a radicand. Equal values that were worked out differently may differ in it: then the comparison is not settled. */
function describe(value: Value): string {
  if (typeof value === "number") return `decimal ${value}`;
  return `(${describeTerms(value.numerator)}) (${describeTerms(value.denominator)})`;
}

function describeTerms(terms: Ratio["numerator"]): string {
  return Array.from(
    terms,
    ([monomial, coefficient]) => `${coefficient} ${monomial.replaceAll("*", " ")}`,
  )
    .sort()
    .join(" + ");
}
