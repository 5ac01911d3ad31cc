/** A Python value as its `repr` says it. Integers beyond 2^53 lose their last digits. */
export type PythonValue =
  | number
  | string
  | boolean
  | null
  | readonly PythonValue[]
  | PythonDict
  | PythonCall
  | PythonOpaque;

/** A dict; keys that are not text are written as their repr. */
export interface PythonDict {
  readonly dict: ReadonlyMap<string, PythonValue>;
}

/** `name(…)` that is no scalar of NumPy or torch; keyword arguments are in `named`. */
export interface PythonCall {
  readonly call: string;
  readonly args: readonly PythonValue[];
  readonly named: ReadonlyMap<string, PythonValue>;
}

/** What has no literal form: `<object at 0x…>`, names, complex numbers. */
export interface PythonOpaque {
  readonly opaque: string;
}

/** A place where the text is no Python literal. */
export interface LiteralFault {
  /** Index of the character. */
  readonly at: number;
  readonly reason: string;
}

export function isDict(value: PythonValue | undefined): value is PythonDict {
  return typeof value === "object" && value !== null && "dict" in value;
}
