import type { Label } from "./grade.ts";

/** The labels for which the reference never gives a reward: missing, "", 0, false, empty list or object. */
export function isFalsyLabel(label: Label): boolean {
  if (label === undefined || label === null) return true;
  if (typeof label === "object") return Object.keys(label).length === 0;
  return label === "" || label === 0 || label === false;
}

/** A label as the reference's `str()` writes it. A number without a fraction counts as an integer, since JSON in JavaScript does not tell 5 from 5.0. */
export function labelText(label: Label): string {
  return typeof label === "string" ? label : literal(label);
}

function literal(value: Label): string {
  if (value === undefined || value === null) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value === "number") return numberText(value);
  if (typeof value === "string") return quoted(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${quoted(key)}: ${literal(item)}`)
    .join(", ")}}`;
}

/** Python writes an exponent from 1e16 and below 1e-4, with at least two digits. */
function numberText(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e21) return BigInt(value).toString();
  if (Number.isInteger(value) || size < 1e-4) {
    return value
      .toExponential()
      .replace(
        /e([+-])(\d+)$/,
        (_, sign: string, digits: string) => `e${sign}${digits.padStart(2, "0")}`,
      );
  }
  return String(value);
}

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text
    .replaceAll("\\", "\\\\")
    .replaceAll("\n", "\\n")
    .replaceAll("\r", "\\r")
    .replaceAll("\t", "\\t");
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}
