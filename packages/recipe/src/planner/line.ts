/** One item of a plan: what it is, how much, how it was computed, and how far off it may be. */
export interface PlanLine {
  readonly what: string;
  /** Bytes: the likely value between the least and the most. */
  readonly bytes: number;
  readonly low: number;
  readonly high: number;
  readonly formula: string;
  /** Where the formula comes from. */
  readonly source: string;
}

/**
 * @param spread share by which the truth may lie above or below: 0 for a count of tensors, 0.5 for an estimate
 */
export function planLine(
  what: string,
  bytes: number,
  spread: number,
  formula: string,
  source: string,
): PlanLine {
  return { what, bytes, low: bytes * (1 - spread), high: bytes * (1 + spread), formula, source };
}

/** Bytes of several lines together. */
export function sumLines(lines: readonly PlanLine[]): Pick<PlanLine, "bytes" | "low" | "high"> {
  return {
    bytes: lines.reduce((sum, line) => sum + line.bytes, 0),
    low: lines.reduce((sum, line) => sum + line.low, 0),
    high: lines.reduce((sum, line) => sum + line.high, 0),
  };
}
