import type { Metrics } from "../log-event.ts";
import { LiteralParser } from "./literal-parser.ts";
import { isDict } from "./python-value.ts";
import { decimalEnd } from "./literal-token.ts";
import type { PythonValue } from "./python-value.ts";

export interface ReportBody {
  readonly values: Metrics;
  readonly rest: Readonly<Record<string, PythonValue>>;
  readonly damaged: string | undefined;
}

const MAX_NESTING = 4;

/** The dict of a report: numbers by name, nested dicts' numbers as `outer/inner`, the rest apart. */
export function readReport(text: string, at = 0): ReportBody {
  const values: Record<string, number> = {};
  const rest: Record<string, PythonValue> = {};
  const plain = readPlainEntries(text, at, values, rest);
  if (plain === -1) return { values, rest, damaged: undefined };
  const fault = new LiteralParser(text, plain).readEntries((key, value) => {
    put(values, rest, key, value, 0);
  });
  const damaged = fault === undefined ? undefined : `character ${fault.at - at}: ${fault.reason}`;
  return { values, rest, damaged };
}

const QUOTE = 0x27;

/**
 * Reads `'key': number` and `'key': 'text'` pairs, which most reports have nothing but, and leaves off before the first
 * that is anything else.
 *
 * @returns index of the brace or comma to go on from, -1 at the dict's end
 */
function readPlainEntries(
  text: string,
  start: number,
  values: Record<string, number>,
  rest: Record<string, PythonValue>,
): number {
  let at = start;
  // Where a text may hold escapes, the general way reads all of it.
  if (text.charCodeAt(at) !== 0x7b || text.includes("\\")) return at;
  for (;;) {
    let next = at + 1;
    if (at > start && text.charCodeAt(next) === 0x20) next++;
    if (text.charCodeAt(next) !== QUOTE) return at;
    const close = text.indexOf("'", next + 1);
    if (close === -1 || text.charCodeAt(close + 1) !== 0x3a || text.charCodeAt(close + 2) !== 0x20)
      return at;
    const from = close + 3;
    const quoted = text.charCodeAt(from) === QUOTE;
    const end = quoted ? text.indexOf("'", from + 1) + 1 : decimalEnd(text, from);
    const separator = text.charCodeAt(end);
    if (end <= from || (separator !== 0x2c && separator !== 0x7d)) return at;
    const key = text.slice(next + 1, close);
    // Assigning it would change the object, not add to it.
    if (key === "__proto__") return at;
    if (quoted) rest[key] = text.slice(from + 1, end - 1);
    else values[key] = Number(text.slice(from, end));
    if (separator === 0x7d) return -1;
    at = end;
  }
}

function put(
  values: Record<string, number>,
  rest: Record<string, PythonValue>,
  key: string,
  value: PythonValue,
  depth: number,
): void {
  // Assigning it would change the object, not add to it.
  if (key === "__proto__") return;
  if (typeof value === "number") values[key] = value;
  else if (isDict(value) && depth < MAX_NESTING)
    for (const [inner, item] of value.dict) put(values, rest, `${key}/${inner}`, item, depth + 1);
  else rest[key] = value;
}
