import type { Value } from "./flag-spec.ts";
import { PythonFault } from "./python-fault.ts";

/** The namespace while the reference's validators work on it, with Python's meaning of truth, equality and missing attributes. */
export class Args {
  private readonly values: Map<string, Value>;
  /** Attribute → value before, of what was set since the last `changes()`. */
  private changed = new Map<string, Value | undefined>();

  constructor(values: ReadonlyMap<string, Value>) {
    this.values = new Map(values);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  /** @throws PythonFault AttributeError */
  get(name: string): Value {
    const value = this.values.get(name);
    if (value === undefined) {
      throw new PythonFault("AttributeError", `'Namespace' object has no attribute '${name}'`);
    }
    return value;
  }

  /** Python's truth: None, False, 0, "" and empty containers are false. */
  on(name: string): boolean {
    return truth(this.get(name));
  }

  none(name: string): boolean {
    return this.get(name) === null;
  }

  /** Python's `==` with a plain value. */
  is(name: string, expected: string | number | boolean | null): boolean {
    return same(this.get(name), expected);
  }

  isOneOf(name: string, ...expected: readonly (string | number | boolean | null)[]): boolean {
    return expected.some((value) => this.is(name, value));
  }

  /** @throws PythonFault TypeError where Python could not calculate with it */
  num(name: string): number {
    const value = this.get(name);
    if (typeof value === "number") return value;
    if (typeof value === "boolean") return value ? 1 : 0;
    throw new PythonFault("TypeError", `${name} is ${describe(value)}, not a number`);
  }

  /** A path or name; null where the attribute is None. */
  text(name: string): string | null {
    const value = this.get(name);
    if (value === null || typeof value === "string") return value;
    throw new PythonFault("TypeError", `${name} is ${describe(value)}, not a string`);
  }

  list(name: string): readonly Value[] {
    const value = this.get(name);
    if (Array.isArray(value)) return value as readonly Value[];
    throw new PythonFault("TypeError", `${name} is ${describe(value)}, not a list`);
  }

  set(name: string, value: Value): void {
    if (!this.changed.has(name)) this.changed.set(name, this.values.get(name));
    this.values.set(name, value);
  }

  delete(name: string): void {
    this.get(name);
    this.values.delete(name);
  }

  names(): IterableIterator<string> {
    return this.values.keys();
  }

  /** What differs since the last call: attributes that existed before and have another value now. */
  changes(): { readonly name: string; readonly from: Value; readonly to: Value }[] {
    const found = [];
    for (const [name, from] of this.changed) {
      const to = this.values.get(name);
      if (from !== undefined && to !== undefined && from !== to) found.push({ name, from, to });
    }
    this.changed = new Map();
    return found;
  }

  snapshot(): Map<string, Value> {
    return new Map(this.values);
  }
}

export function truth(value: Value): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value !== null && typeof value === "object") return Object.keys(value).length > 0;
  return Boolean(value) || (typeof value === "number" && Number.isNaN(value));
}

/** Python's `==` between plain values: True is 1, False is 0. */
export function same(a: Value, b: Value): boolean {
  return plain(a) === plain(b);
}

function plain(value: Value): Value {
  return typeof value === "boolean" ? Number(value) : value;
}

/** A value as Python prints it, short. */
export function describe(value: Value): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  const text = typeof value === "string" ? `'${value}'` : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
