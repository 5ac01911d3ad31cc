import { evaluate } from "./expression.ts";
import { EffortExceeded, ONE } from "./polynomial.ts";
import { NotComputable } from "./quantity.ts";
import { looksZero } from "./looks-zero.ts";

/** `unknown`: not settled by what this grader can compute. */
export type Verdict = "equal" | "different" | "unknown";

/**
 * Whether `(label)-(given)` is zero. The text is put together before it is parsed, as in the reference,
 * so unbalanced parentheses in the two parts can complete each other.
 */
export function differenceIsZero(label: string, given: string): Verdict {
  const text = `(${label})-(${given})`;
  if (!isAllowed(text)) return "unknown";
  try {
    const { value, atoms } = evaluate(text);
    if (typeof value === "number") return value === 0 ? "equal" : "different";
    const reduced = atoms.reduce(value);
    if (atoms.reduce({ numerator: reduced.denominator, denominator: ONE }).numerator.size === 0)
      return "unknown";
    if (reduced.numerator.size === 0) return "equal";
    if (!atoms.mentions(reduced)) return "different";
    return looksZero(reduced.numerator, atoms) ? "equal" : "unknown";
  } catch (error) {
    if (error instanceof NotComputable || error instanceof EffortExceeded) return "unknown";
    throw error;
  }
}

/** What the reference refuses to parse: three letters or more, grouped or stacked exponents, exponents of two digits. */
function isAllowed(text: string): boolean {
  if (text.includes("^{") || text.includes("^(")) return false;
  if (/\^[0-9]+\^|\^[0-9][0-9]+/.test(text)) return false;
  const letters = new Set(text.replaceAll("sqrt", "").replaceAll("frac", "").match(/\p{L}/gu));
  return letters.size <= 2;
}
