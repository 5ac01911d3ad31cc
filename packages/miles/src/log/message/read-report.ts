import type { Metrics } from "../log-event.ts";
import { isDict, LiteralParser } from "./literal-parser.ts";
import type { PythonValue } from "./python-value.ts";

export interface ReportBody {
  readonly values: Metrics;
  readonly rest: Readonly<Record<string, PythonValue>>;
  readonly damaged?: string;
  /** It stops in the middle of the dict, as a line that was written in two pieces does. */
  readonly torn: boolean;
}

const MAX_NESTING = 4;

/** The dict of a report: numbers by name, nested dicts' numbers as `outer/inner`, the rest apart. */
export function readReport(text: string, at = 0): ReportBody {
  const values: Record<string, number> = {};
  const rest: Record<string, PythonValue> = {};
  const fault = new LiteralParser(text, at).readEntries((key, value) => {
    put(values, rest, key, value, 0);
  });
  if (fault === undefined) return { values, rest, torn: false };
  return {
    values,
    rest,
    damaged: `character ${fault.at - at}: ${fault.reason}`,
    torn: fault.at >= text.length || fault.reason.includes("without its"),
  };
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
