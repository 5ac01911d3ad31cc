import { parse } from "lossless-json";

/**
 * Where a JSON text writes a number that Python reads as a float (`27.0`, `1e3`), as `a.b.0`: the loader's strict class
 * takes 27 where it refuses 27.0, which JavaScript reads as the same number.
 *
 * @throws SyntaxError where the text is not JSON
 */
export function floatPaths(text: string): Set<string> {
  const found = new Set<string>();
  collect(
    parse(text, undefined, {
      parseNumber: (written) => (/[.eE]/.test(written) ? FLOAT : INTEGER),
      // As in Python and JavaScript the last one counts.
      onDuplicateKey: ({ newValue }) => newValue,
    }),
    "",
    found,
  );
  return found;
}

const FLOAT = Symbol("float");
const INTEGER = Symbol("integer");

function collect(value: unknown, path: string, found: Set<string>): void {
  if (value === FLOAT) found.add(path);
  else if (typeof value === "object" && value !== null)
    for (const [key, item] of Object.entries(value))
      collect(item, path === "" ? key : `${path}.${key}`, found);
}
