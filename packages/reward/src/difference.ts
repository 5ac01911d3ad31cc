import { evaluate } from "./expression.ts";
import { EffortExceeded } from "./polynomial.ts";
import { isZero, NotComputable, type Ratio, type Value } from "./quantity.ts";

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
    const value = evaluate(text);
    if (isZero(value)) return "equal";
    return hasRoots(value) ? "unknown" : "different";
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

/** With roots in it, a difference may be zero without looking like it. */
function hasRoots(value: Value): boolean {
  return typeof value !== "number" && mentions(value.numerator);
}

function mentions(polynomial: Ratio["numerator"]): boolean {
  return [...polynomial.keys()].some((monomial) => monomial.includes("sqrt"));
}
