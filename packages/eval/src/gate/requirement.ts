import { UsageError } from "@moonlight-rl/core";

/** `aime.avg@8.low>=0.35`: a figure of a set, and what it has to be. */
export interface Requirement {
  /** As it was written. */
  readonly text: string;
  /** Absent where there is one set. */
  readonly set: string | undefined;
  /** avg@n, pass@k, maj@k, cons@k, reward, closed, truncated, repetitive, gain, p. */
  readonly figure: string;
  /** An end of the figure's 95 % interval instead of the figure. */
  readonly end: "low" | "high" | undefined;
  readonly operator: ">=" | ">" | "<=" | "<";
  readonly value: number;
}

const SYNTAX =
  /^(?:(?<set>[A-Za-z0-9][A-Za-z0-9._-]*)\.)?(?<figure>(?:avg|pass|maj|cons)@\d+|reward|closed|truncated|repetitive|gain|p)(?:\.(?<end>low|high))?\s*(?<operator>>=|<=|>|<)\s*(?<value>-?(?:\d+\.?\d*|\.\d+)(?:e-?\d+)?)(?<percent>\s*%)?$/;

/** Errors: `EVAL_REQUIREMENT_INVALID`. */
export function parseRequirement(text: string): Requirement {
  const groups = SYNTAX.exec(text.trim())?.groups;
  if (groups === undefined) {
    throw requirementError(text, "is no requirement", "Write it like aime.avg@8>=0.35.");
  }
  const { set, figure = "", end, operator, value, percent } = groups;
  const hasEnds = figure.includes("@") || figure === "gain";
  if (end !== undefined && !hasEnds) {
    throw requirementError(text, `asks for an interval, which ${figure} has not`);
  }
  return {
    text: text.trim(),
    set,
    figure,
    end: end as Requirement["end"],
    operator: operator as Requirement["operator"],
    value: Number(value) / (percent === undefined ? 1 : 100),
  };
}

export function holds(actual: number, { operator, value }: Requirement): boolean {
  // What is equal but for the last digits of its sum counts as equal.
  const same = Math.abs(actual - value) <= 1e-12 * Math.max(1, Math.abs(value));
  if (same) return operator === ">=" || operator === "<=";
  return operator.startsWith(">") ? actual > value : actual < value;
}

export function requirementError(text: string, what: string, hint?: string): UsageError {
  return new UsageError("EVAL_REQUIREMENT_INVALID", `"${text}" ${what}.`, {
    field: "require",
    ...(hint !== undefined && { hint }),
  });
}
