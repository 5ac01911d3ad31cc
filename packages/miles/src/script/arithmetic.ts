import { refused, type Place } from "./fault.ts";

/** What an expression's variable holds: a whole number as text, or why it cannot be told. */
export type Lookup = (name: string) => { readonly text: string } | { readonly why: string };

const TOKEN = /\s*(?:(\d+)|\$?([A-Za-z_]\w*)|\$\{([A-Za-z_]\w*)\}|(\*\*|[-+*/%()]))/y;
const MAX_DEPTH = 64;
const BITS = 64;

/**
 * The value of `$((source))`: whole numbers, variables that hold one, `+ - * / % **` and parentheses, in 64 bits as bash
 * calculates. A variable that is not known makes the result unknown; everything else is refused.
 */
export function arithmetic(
  source: string,
  lookup: Lookup,
  place: Place,
): { readonly text: string } | { readonly why: string } {
  return new Expression(source, lookup, place).result();
}

class Expression {
  readonly #tokens: string[] = [];
  readonly #lookup: Lookup;
  readonly #place: Place;
  #at = 0;
  #depth = 0;
  #unknown: string | undefined;

  constructor(source: string, lookup: Lookup, place: Place) {
    this.#lookup = lookup;
    this.#place = place;
    TOKEN.lastIndex = 0;
    const text = source.trimEnd();
    while (TOKEN.lastIndex < text.length) {
      const from = TOKEN.lastIndex;
      const match = TOKEN.exec(text);
      if (match === null)
        throw this.#refused(`"${text.slice(from, from + 20)}" in $((…)) is not read`);
      const [, number, name, braced, operator] = match;
      this.#tokens.push(number ?? operator ?? name ?? braced ?? "");
    }
  }

  result(): { readonly text: string } | { readonly why: string } {
    const value = this.#sum();
    if (this.#at < this.#tokens.length) throw this.#refused("$((…)) is not a sum of whole numbers");
    return this.#unknown === undefined ? { text: String(value) } : { why: this.#unknown };
  }

  #sum(): bigint {
    let value = this.#product();
    for (let sign = this.#take("+", "-"); sign !== undefined; sign = this.#take("+", "-")) {
      const term = this.#product();
      value = wrapped(sign === "+" ? value + term : value - term);
    }
    return value;
  }

  #product(): bigint {
    let value = this.#power();
    for (
      let sign = this.#take("*", "/", "%");
      sign !== undefined;
      sign = this.#take("*", "/", "%")
    ) {
      const factor = this.#power();
      if (sign === "*") value = wrapped(value * factor);
      else if (factor === 0n && this.#unknown === undefined)
        throw this.#refused("$((…)) divides by zero");
      else if (factor !== 0n) value = wrapped(sign === "/" ? value / factor : value % factor);
    }
    return value;
  }

  /** Right-associative, and behind a sign: bash's `-2**2` is 4. */
  #power(): bigint {
    const base = this.#signed();
    if (this.#take("**") === undefined) return base;
    const exponent = this.#power();
    if (exponent < 0n || exponent > 64n)
      throw this.#refused("$((…)) has a power outside of 0 to 64");
    return wrapped(base ** exponent);
  }

  #signed(): bigint {
    if (++this.#depth > MAX_DEPTH) throw this.#refused("$((…)) is nested too deeply");
    const sign = this.#take("+", "-");
    const value = sign === undefined ? this.#operand() : this.#signed();
    this.#depth--;
    return sign === "-" ? wrapped(-value) : value;
  }

  #operand(): bigint {
    if (this.#take("(") !== undefined) {
      const value = this.#sum();
      if (this.#take(")") === undefined) throw this.#refused("$((…)) lacks a parenthesis");
      return value;
    }
    const token = this.#tokens[this.#at++] ?? "";
    if (/^\d/.test(token)) return this.#number(token);
    if (!/^[A-Za-z_]/.test(token)) throw this.#refused("$((…)) is not a sum of whole numbers");
    const found = this.#lookup(token);
    if ("text" in found) return this.#number(found.text.trim(), token);
    this.#unknown ??= found.why;
    return 1n;
  }

  #number(text: string, name?: string): bigint {
    const of = name === undefined ? "" : `$${name}, `;
    if (!/^[+-]?\d{1,18}$/.test(text))
      throw this.#refused(
        `${of}"${text.slice(0, 20)}" in $((…)) is no whole number of up to 18 digits`,
      );
    if (/^[+-]?0\d/.test(text))
      throw this.#refused(`${of}"${text}" would be read as an octal number`);
    return BigInt(text);
  }

  #take(...operators: readonly string[]): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || !operators.includes(token)) return undefined;
    this.#at++;
    return token;
  }

  #refused(what: string) {
    return refused(this.#place, what, "Write the number itself.");
  }
}

function wrapped(value: bigint): bigint {
  return BigInt.asIntN(BITS, value);
}
