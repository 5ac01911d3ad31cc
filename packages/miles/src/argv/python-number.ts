import { PythonFault } from "./python-fault.ts";

/** Python's `int(text)`; null where it raises ValueError. Beyond 2^53 the value is rounded. */
export function pythonInt(text: string): number | null {
  const body = text.trim();
  return /^[+-]?\d+(_\d+)*$/.test(body) ? Number(body.replaceAll("_", "")) : null;
}

const FLOAT = /^[+-]?(\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?$/;

/** Python's `float(text)`; null where it raises ValueError. */
export function pythonFloat(text: string): number | null {
  const body = text.trim();
  if (FLOAT.test(body)) return Number(body.replaceAll("_", ""));
  const special = /^([+-]?)(inf|infinity|nan)$/i.exec(body);
  if (special === null) return null;
  if (special[2]?.toLowerCase() === "nan") return Number.NaN;
  return special[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** Python's `a // b` on numbers. */
export function floorDivide(a: number, b: number): number {
  if (b === 0) throw new PythonFault("ZeroDivisionError", "integer division or modulo by zero");
  // Adding zero turns a negative zero, which Python does not know, into zero.
  return Math.floor(a / b) + 0;
}

/** Python's `a % b` on numbers: the sign follows the divisor. */
export function modulo(a: number, b: number): number {
  if (b === 0) throw new PythonFault("ZeroDivisionError", "integer modulo by zero");
  const rest = a % b;
  return (rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest) + 0;
}
