/** Operands are 0 … LIMIT - 1. */
export const LIMIT = 100;

/** A sum, or a difference that is not negative. */
export interface Problem {
  readonly a: number;
  readonly operator: "+" | "-";
  readonly b: number;
}

export function question({ a, operator, b }: Problem): string {
  return `${a} ${operator} ${b} = ?`;
}

export function solution({ a, operator, b }: Problem): number {
  return operator === "+" ? a + b : a - b;
}

/** All problems over one unordered pair of operands: both sums, and the difference that is not negative. */
export function problemsOfPair(low: number, high: number): Problem[] {
  const sums: Problem[] = [{ a: low, operator: "+", b: high }];
  if (low !== high) sums.push({ a: high, operator: "+", b: low });
  return [...sums, { a: high, operator: "-", b: low }];
}
