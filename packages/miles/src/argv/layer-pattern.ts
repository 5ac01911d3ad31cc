import { pythonInt } from "./python-number.ts";
import type { Value } from "./flag-spec.ts";

/** What became of a text that should be a layer pattern. */
export type PatternResult =
  | { readonly kind: "value"; readonly value: Value }
  /** argparse answers with its usage error. */
  | { readonly kind: "invalid" }
  /** Python's own SyntaxError: not caught by argparse, a traceback. */
  | { readonly kind: "syntax" };

/** Long enough for any model; Python would take `[0]*1000000000` and die of memory. */
const MAX_LAYERS = 1_000_000;

/** Thrown inside the parser only. */
class Stop extends Error {
  readonly kind: "invalid" | "syntax";

  constructor(kind: "invalid" | "syntax") {
    super(kind);
    this.kind = kind;
  }
}

/** A frequency ("2") or a Python list expression of digits, brackets, commas, + and * ("[0]+[1]*26"), as Megatron reads it. */
export function readLayerPattern(text: string): PatternResult {
  if (!text.includes("[")) {
    const value = pythonInt(text);
    return value === null ? { kind: "invalid" } : { kind: "value", value };
  }
  if (/[^,\d[\]()+*]/.test(text)) return { kind: "invalid" };
  try {
    return { kind: "value", value: new Expression(text).whole() };
  } catch (error) {
    if (error instanceof Stop) return { kind: error.kind };
    throw error;
  }
}

/** A recursive descent over sums of products of lists, tuples and whole numbers. */
class Expression {
  private position = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Value {
    const items = [this.sum()];
    const tuple = this.peek() === ",";
    while (this.take(",")) if (this.position < this.text.length) items.push(this.sum());
    if (this.position < this.text.length) throw new Stop("syntax");
    return tuple ? { tuple: items } : (items[0] ?? null);
  }

  private sum(): Value {
    let left = this.product();
    while (this.take("+")) left = add(left, this.product());
    return left;
  }

  private product(): Value {
    let left = this.unary();
    while (this.take("*")) left = multiply(left, this.unary());
    return left;
  }

  private unary(): Value {
    return this.take("+") ? number(this.unary()) : this.atom();
  }

  private atom(): Value {
    if (this.take("[")) return this.items("]").values;
    if (this.take("(")) {
      const { values, comma } = this.items(")");
      const only = values[0];
      return values.length === 1 && !comma && only !== undefined ? only : { tuple: values };
    }
    const digits = /^\d+/.exec(this.text.slice(this.position))?.[0];
    // Python refuses leading zeros ("01"), except zeros alone.
    if (digits === undefined || (digits.length > 1 && /^0+[1-9]/.test(digits))) {
      throw new Stop("syntax");
    }
    this.position += digits.length;
    return Number(digits);
  }

  private items(end: string): { values: Value[]; comma: boolean } {
    const values: Value[] = [];
    let comma = false;
    while (!this.take(end)) {
      if (values.length > 0 && !comma) throw new Stop("syntax");
      values.push(this.sum());
      comma = this.take(",");
    }
    return { values, comma };
  }

  private peek(): string | undefined {
    return this.text[this.position];
  }

  private take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.position += 1;
    return true;
  }
}

function number(value: Value): number {
  if (typeof value !== "number") throw new Stop("invalid");
  return value;
}

function add(a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return bounded([...a, ...b]);
  throw new Stop("invalid");
}

function multiply(a: Value, b: Value): Value {
  if (typeof a === "number" && typeof b === "number") return a * b;
  const [list, times] = Array.isArray(a) ? [a, b] : [b, a];
  if (!Array.isArray(list) || typeof times !== "number") throw new Stop("invalid");
  if (list.length * times > MAX_LAYERS) throw new Stop("invalid");
  return Array.from({ length: Math.max(0, times) }, () => list as readonly Value[]).flat();
}

function bounded(values: Value[]): Value[] {
  if (values.length > MAX_LAYERS) throw new Stop("invalid");
  return values;
}
