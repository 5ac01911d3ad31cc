import { Atoms } from "./atoms.ts";
import { Budget, quantity } from "./polynomial.ts";
import { BIT_OPERATORS, floored, inverted, onBits } from "./bits.ts";
import { doubleFactorialOf, factorialOf, fallingFactorial } from "./factorials.ts";
import { pythonLine } from "./python-line.ts";
import { logarithm, raised, squareRoot } from "./powers.ts";
import {
  GREATEST_DOUBLE,
  LEAST_DOUBLE,
  NotComputable,
  opposite,
  product,
  quotient,
  sum,
  whole,
  type Ratio,
  type Value,
} from "./quantity.ts";
import {
  decimalName,
  GREEK,
  LEADING_ZEROS,
  MEANINGFUL,
  NAME,
  NUMBER,
  ROW_FACTOR,
  SIGNS,
  UNIT,
  WITH_BASE,
} from "./words.ts";

/** Python's own parser takes 199 parentheses within each other, and about so many signs in a row. */
const MAX_DEPTH = 199;
const MAX_SIGNS = 2_500;
/** A value, and what is known of the quantities in it. */
export interface Evaluated {
  readonly value: Value;
  readonly atoms: Atoms;
}

/**
 * The value of an expression as the reference's parser reads it, for the part of its grammar that is
 * arithmetic: numbers, unknowns (each letter one), `+ - * / ^ ! !!`, parentheses, adjacency as a product, roots, ln, bits of integers.
 * Throws `NotComputable` for all else and `EffortExceeded` where it would take long.
 */
export function evaluate(text: string): Evaluated {
  const reader = new Reader(pythonLine(text));
  return { value: reader.whole(), atoms: reader.atoms };
}

class Reader {
  #text: string;
  readonly #budget = new Budget();
  readonly atoms = new Atoms(this.#budget);
  #at = 0;
  #depth = 0;
  /** End of the last name. */
  #nameEnd = -1;
  /** End of the row of letters that the cursor stands in. */
  #rowEnd = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Value {
    const value = this.#bits();
    if (this.#at !== this.#text.length) throw new NotComputable();
    return value;
  }

  #take(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #bits(level = 0): Value {
    const operators = BIT_OPERATORS[level];
    if (operators === undefined) return this.#sum();
    let value = this.#bits(level + 1);
    for (;;) {
      const operator = operators.find((sign) => this.#take(sign));
      if (operator === undefined) return value;
      value = onBits(operator, value, this.#bits(level + 1), this.atoms);
    }
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
      if (this.#text.startsWith("**", this.#at)) throw new NotComputable();
      if (this.#take("//")) {
        value = floored(this.#quotient(value, this.#factor()), this.atoms);
      } else if (this.#take("*")) value = product(value, this.#factor(), this.#budget);
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
    let value = this.#power();
    for (const sign of [...signs].toReversed()) {
      if (sign === "-") value = opposite(value);
      else if (sign === "~") value = inverted(value, this.atoms);
    }
    return value;
  }

  #power(): Value {
    const base = this.#atom();
    if (!this.#take("**")) return base;
    return raised(base, this.#factor(), { atoms: this.atoms, budget: this.#budget });
  }

  #startsAtom(): boolean {
    if (this.#at < this.#rowEnd) return true;
    return /^[(.0-9_\uE000]|^[\p{L}\p{Nl}]/u.test(this.#text.slice(this.#at, this.#at + 2));
  }

  /** A number, a name or a group, with what may follow it as part of it: a factorial sign. */
  #atom(): Value {
    if (this.#at < this.#rowEnd) return this.#rowFactor();
    let value: Value;
    const start = this.#at;
    if (this.#take(UNIT)) {
      value = this.atoms.root(whole(-1n), 2);
    } else if (this.#take("(")) {
      const afterName = start === this.#nameEnd;
      value = this.#group();
      // A name before a factorial of parentheses is a function there, which nothing can be multiplied by.
      if (afterName && this.#text[this.#at] === "!") throw new NotComputable();
    } else {
      NUMBER.lastIndex = this.#at;
      const number = NUMBER.exec(this.#text)?.[0];
      value = number === undefined ? this.#name() : this.#number(number);
    }
    return this.#isFactorial() ? this.#factorial(value) : value;
  }

  #isFactorial(): boolean {
    return this.#text[this.#at] === "!" && this.#text[this.#at + 1] !== "=";
  }

  #factorial(of: Value): Value {
    const means = { atoms: this.atoms, budget: this.#budget };
    const value = this.#take("!!") ? doubleFactorialOf(of, means) : undefined;
    const result = value ?? (this.#take("!") ? factorialOf(of, means) : of);
    if (/^[!=]/.test(this.#text.slice(this.#at, this.#at + 1))) throw new NotComputable();
    return result;
  }

  #group(): Value {
    const start = this.#at;
    let value = this.#bits();
    const text = this.#text.slice(start, this.#at);
    if (this.#take("==")) value = this.#comparison(value, text);
    else if (this.#take("!=")) {
      value = sum(whole(1n), opposite(this.#comparison(value, text)), this.#budget);
    }
    if (!this.#take(")")) throw new NotComputable();
    return value;
  }

  /** `a==b` is true or false there, and a truth is a number: 1 for what is written alike, 0 for other values. */
  #comparison(left: Value, text: string): Value {
    const start = this.#at;
    const right = this.#bits();
    if (this.#text.slice(start, this.#at) === text) return whole(1n);
    const difference = sum(left, opposite(right), this.#budget);
    if (typeof difference === "number" ? difference === 0 : !this.#isDifferent(difference)) {
      throw new NotComputable();
    }
    return whole(0n);
  }

  #isDifferent(difference: Ratio): boolean {
    const reduced = this.atoms.reduce(difference);
    return reduced.numerator.size > 0 && !this.atoms.mentions(reduced);
  }

  /** Of a function, after whose last argument a comma may stand. */
  #argument(): Value {
    const value = this.#bits();
    this.#take(",");
    if (!this.#take(")")) throw new NotComputable();
    return value;
  }

  #number(literal: string): Value {
    WITH_BASE.lastIndex = this.#at;
    const withBase = WITH_BASE.exec(this.#text)?.[0];
    if (withBase !== undefined) {
      this.#at += withBase.length;
      return whole(BigInt(withBase.replaceAll("_", "")));
    }
    LEADING_ZEROS.lastIndex = this.#at;
    const zeros = LEADING_ZEROS.exec(this.#text)?.[0];
    if (zeros !== undefined && /^[0-9_]+$/.test(literal)) {
      this.#at += zeros.length;
      return whole(0n);
    }
    this.#at += literal.length;
    if (this.#text[this.#at] === "j") {
      this.#text = `${this.#text.slice(0, this.#at)}*${UNIT}${this.#text.slice(this.#at + 1)}`;
    }
    const plain = literal.replaceAll("_", "");
    if (/^[0-9]+$/.test(plain)) {
      if (plain.length > 4300) throw new NotComputable();
      return whole(BigInt(plain));
    }
    const digits = plain.replace(/e.*$/, "").replace(".", "").replace(/^0+/, "");
    const value = Number(plain);
    // Too large for a double, or longer and so of a higher precision there: it is only known to equal itself.
    if (digits.length > 15) return this.atoms.of(`decimal ${plain.replace("+", "")}`);
    const isDouble = value === 0 ? digits === "" : value > LEAST_DOUBLE && value < GREATEST_DOUBLE;
    return isDouble ? value : this.atoms.of(`decimal ${decimalName(plain, digits)}`);
  }

  #name(): Value {
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    if (name === undefined) throw new NotComputable();
    this.#at += name.length;
    this.#nameEnd = this.#at;
    if (name === "pi") return unknown("pi");
    const means = { atoms: this.atoms, budget: this.#budget };
    if (name === "sqrt" && this.#take("(")) return squareRoot(this.#argument(), means);
    if (name === "ln" && this.#take("(")) return logarithm(this.#argument(), means);
    if ((name === "re" || name === "im") && this.#take("(")) {
      const value = this.#argument();
      if (!this.atoms.isReal(value)) throw new NotComputable();
      return name === "re" ? value : whole(0n);
    }
    if ((name === "rf" || name === "ff") && this.#take("(")) {
      const from = this.#bits();
      if (!this.#take(",")) throw new NotComputable();
      return fallingFactorial(from, this.#argument(), name === "rf" ? 1n : -1n, means);
    }
    if (name === "li" && this.#take("(")) {
      const value = this.#argument();
      if (typeof value === "number") throw new NotComputable();
      return this.atoms.of(`li ${this.atoms.describe(value)}`);
    }
    if (MEANINGFUL.has(name)) throw new NotComputable();
    // A name with a lowered part is one unknown; any other is a row of letters and numbers, a product.
    if (name.includes("_") || GREEK.has(name)) return unknown(name);
    this.#rowEnd = this.#at;
    this.#at -= name.length;
    const first = this.#rowFactor();
    // A factorial is of the whole row, a power of its last factor.
    return this.#text[this.#rowEnd] === "!" ? this.#restOfRow(first) : first;
  }

  #restOfRow(first: Value): Value {
    let value = first;
    while (this.#at < this.#rowEnd) value = product(value, this.#rowFactor(), this.#budget);
    return value;
  }

  #rowFactor(): Value {
    ROW_FACTOR.lastIndex = this.#at;
    const factor = ROW_FACTOR.exec(this.#text)?.[0];
    if (factor === undefined) throw new NotComputable();
    this.#at += factor.length;
    if (/^0[0-9]/.test(factor)) throw new NotComputable();
    return /^[0-9]/.test(factor) ? whole(BigInt(factor)) : unknown(factor);
  }
}

function unknown(name: string): Ratio {
  return { numerator: quantity(name), denominator: whole(1n).numerator };
}
