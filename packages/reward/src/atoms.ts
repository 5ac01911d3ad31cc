import { gcd } from "./integers.ts";
import {
  constant,
  constantOf,
  multiply,
  ONE,
  quantity,
  ZERO,
  type Budget,
  type Polynomial,
} from "./polynomial.ts";
import { addRatios, like, multiplyRatios, type Ratio, type Value } from "./quantity.ts";

interface Atom {
  readonly key: string;
  /** The power of the atom that is something simpler: √2 to the 2 is 2. */
  readonly relation?: { readonly degree: number; readonly value: Ratio };
  /** The real root of something positive: what that is. */
  readonly root?: { readonly degree: number; readonly of: Ratio };
  /** Of a root: a name for what it is the root of. Roots of the same are put together. */
  readonly base?: string;
  readonly positive?: boolean;
}

/** The least common degree that two roots are brought to. */
const MAX_COMMON_DEGREE = 60;

/**
 * Quantities that polynomials take for unknowns although more is known of them: roots, powers with unknown exponents,
 * factorials, logarithms. Equal keys are the same quantity, so that what is not computed still equals itself.
 */
export class Atoms {
  readonly #atoms: Atom[] = [];
  readonly #names = new Map<string, string>();
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** The quantity of that key. `@` keeps its name apart from the letters of an answer. */
  of(key: string, more: Omit<Atom, "key"> = {}): Ratio {
    let name = this.#names.get(key);
    if (name === undefined) {
      name = `@${this.#atoms.length}`;
      this.#names.set(key, name);
      this.#atoms.push({ key, ...more });
    }
    return { numerator: quantity(name), denominator: ONE };
  }

  /** The root of a value, which is taken as it is. `positive`: whether it is known to be that. */
  root(of: Ratio, degree: number, positive = false): Ratio {
    const base = this.describe(of);
    return this.of(`root ${degree} of ${base}`, {
      relation: { degree, value: of },
      base,
      positive,
      ...(degree === 2 || (positive && isNumber(of)) ? { root: { degree, of } } : {}),
    });
  }

  isPositive(name: string): boolean {
    return name === "pi" || this.#atom(name)?.positive === true;
  }

  /** Whether nothing stands in it that is not known to be real. */
  isReal(value: Value): boolean {
    if (typeof value === "number") return true;
    const { numerator, denominator } = this.reduce(value);
    const names = [...numerator.keys(), ...denominator.keys()].flatMap((key) => key.split("*"));
    return names.every((name) => name === "" || this.isPositive(name));
  }

  relationOf(name: string): Atom["relation"] {
    return this.#atom(name)?.relation;
  }

  #atom(name: string): Atom | undefined {
    return name.startsWith("@") ? this.#atoms[Number(name.slice(1))] : undefined;
  }

  /** The same value with every relation applied, and without what numerator and denominator have in common at first sight. */
  reduce(value: Ratio): Ratio {
    const top = this.#applied(value.numerator);
    const bottom = this.#applied(value.denominator);
    if (top === undefined && bottom === undefined) return like(cancelled(value), value);
    const upper = top ?? { numerator: value.numerator, denominator: ONE };
    const lower = bottom ?? { numerator: value.denominator, denominator: ONE };
    const applied = {
      numerator: multiply(upper.numerator, lower.denominator, this.#budget),
      denominator: multiply(upper.denominator, lower.numerator, this.#budget),
    };
    return this.reduce(like(applied, value));
  }

  /** A name for a value. Equal values that were worked out differently may differ in it, different ones always do. */
  describe(value: Ratio): string {
    const { numerator, denominator, decimal } = this.reduce(value);
    // √(3.0 − y) is another root there than √(3 − y).
    const mark = decimal === true ? " decimal" : "";
    return `(${terms(numerator)})/(${terms(denominator)})${mark}`;
  }

  /** Whether atoms stand in it: then it may be zero without looking like it. */
  mentions({ numerator }: Ratio): boolean {
    return [...numerator.keys()].some((monomial) => monomial.includes("@"));
  }

  /** What an atom is the real root of, if it is one. */
  rootOf(name: string): Atom["root"] {
    return this.#atom(name)?.root;
  }

  /** Undefined where no atom stands in so high a power. */
  #applied(polynomial: Polynomial): Ratio | undefined {
    let rest = polynomial;
    let found: Ratio | undefined;
    for (const [monomial, coefficient] of polynomial) {
      const simpler = monomial.includes("@") ? this.#simpler(monomial) : undefined;
      if (simpler === undefined) continue;
      const copy = new Map(rest);
      copy.delete(monomial);
      rest = copy;
      const factor: Ratio = { numerator: constant(coefficient), denominator: ONE };
      const term = multiplyRatios(factor, simpler, this.#budget);
      found = found === undefined ? term : addRatios(found, term, this.#budget);
    }
    if (found === undefined) return undefined;
    return addRatios({ numerator: rest, denominator: ONE }, found, this.#budget);
  }

  #simpler(monomial: string): Ratio | undefined {
    const factors = monomial.split("*");
    for (const [first, name] of factors.entries()) {
      if (!name.startsWith("@") || factors.indexOf(name) !== first) continue;
      const atom = this.#atom(name);
      const relation = atom?.relation;
      if (atom === undefined || relation === undefined) continue;
      const count = factors.lastIndexOf(name) - first + 1;
      if (count >= relation.degree) {
        const left = [...factors.slice(0, first), ...factors.slice(first + relation.degree)];
        return multiplyRatios(term(left), relation.value, this.#budget);
      }
      const simpler = this.#asOneRoot(factors, atom);
      if (simpler !== undefined) return simpler;
    }
    return undefined;
  }

  /** Roots of the same base as a power of one root, in lowest terms; undefined where they are that already. */
  #asOneRoot(factors: readonly string[], { base, relation, positive }: Atom): Ratio | undefined {
    if (base === undefined || relation === undefined) return undefined;
    const degrees = factors.flatMap((name) => {
      const other = this.#atom(name);
      return other?.base === base ? [other.relation?.degree ?? 1] : [];
    });
    const common = degrees.reduce(leastCommonMultiple);
    if (common > MAX_COMMON_DEGREE) return undefined;
    const count = degrees.reduce((total, degree) => total + common / degree, 0);
    const divisor = Number(gcd(BigInt(common), BigInt(count)));
    if (degrees.every((degree) => degree === common / divisor)) return undefined;
    const root = this.root(relation.value, common / divisor, positive);
    const [name = ""] = [...root.numerator.keys()];
    const left = factors.filter((other) => this.#atom(other)?.base !== base);
    const roots = Array.from({ length: count / divisor }, () => name);
    return term([...left, ...roots].toSorted());
  }
}

function term(factors: readonly string[]): Ratio {
  return { numerator: new Map([[factors.join("*"), 1n]]), denominator: ONE };
}

function isNumber({ numerator, denominator }: Ratio): boolean {
  return constantOf(numerator) !== undefined && constantOf(denominator) !== undefined;
}

function leastCommonMultiple(a: number, b: number): number {
  return (a * b) / Number(gcd(BigInt(a), BigInt(b)));
}

/** Divides both by their common whole number and their common monomial; the denominator's first term becomes positive. */
function cancelled({ numerator, denominator }: Ratio): Ratio {
  if (numerator.size === 0) return { numerator: ZERO, denominator: ONE };
  const both = [numerator, denominator];
  let divisor = 0n;
  let common: string[] | undefined;
  for (const [monomial, coefficient] of both.flatMap((polynomial) => [...polynomial])) {
    divisor = gcd(divisor, coefficient);
    common = common === undefined ? monomial.split("*") : shared(common, monomial.split("*"));
  }
  const first = [...denominator].sort(([a], [b]) => (a < b ? -1 : 1))[0]?.[1] ?? 1n;
  if (first < 0n) divisor = -divisor;
  const factors = (common ?? []).filter((name) => name !== "");
  const divide = (polynomial: Polynomial): Polynomial =>
    new Map(
      Array.from(polynomial, ([monomial, coefficient]) => [
        without(monomial, factors),
        coefficient / divisor,
      ]),
    );
  return { numerator: divide(numerator), denominator: divide(denominator) };
}

/** What stands in both sorted lists, as often as in both. */
function shared(a: readonly string[], b: readonly string[]): string[] {
  const left = [...b];
  return a.filter((name) => {
    const at = left.indexOf(name);
    if (at !== -1) left.splice(at, 1);
    return at !== -1;
  });
}

function without(monomial: string, factors: readonly string[]): string {
  const left = monomial.split("*");
  for (const name of factors) left.splice(left.indexOf(name), 1);
  return left.join("*");
}

function terms(polynomial: Polynomial): string {
  return Array.from(
    polynomial,
    ([monomial, coefficient]) => `${coefficient} ${monomial.replaceAll("*", " ")}`,
  )
    .sort()
    .join(" + ");
}
