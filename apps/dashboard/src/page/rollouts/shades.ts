export type Shading = "logProb" | "shift" | "none";

/** Steps of a shade, 0 being none. */
export const SHADES = 6;
/** Nats at which the shade is full: a probability of 0.25 %, a factor of 20. */
const FULL: Readonly<Record<Exclude<Shading, "none">, number>> = { logProb: 6, shift: 3 };

/** Class of a token: `u1` to `u6` the less likely it was, `r…` rarer and `m…` likelier than for the reference. */
export function shade(
  shading: Shading,
  logProb: number | undefined,
  reference: number | undefined,
): string {
  if (shading === "none" || logProb === undefined) return "";
  const value = shading === "logProb" ? -logProb : logProb - (reference ?? logProb);
  const step = Math.min(SHADES, Math.round((Math.abs(value) / FULL[shading]) * SHADES));
  if (step === 0) return "";
  if (shading === "logProb") return `u${step}`;
  return `${value < 0 ? "r" : "m"}${step}`;
}

export interface PlacedToken {
  readonly text: string;
  readonly graded: boolean;
  /** Not in the response's text: an end of message. */
  readonly special: boolean;
}

/** Where tokens stand in the response, and which of them were graded. */
export function placeTokens(
  tokens: readonly string[],
  response: string,
  span: { readonly start: number; readonly end: number } | undefined,
): PlacedToken[] {
  let at = 0;
  return tokens.map((text) => {
    const special = !response.startsWith(text, at);
    const [start, end] = [at, special ? at : at + text.length];
    at = end;
    return {
      text,
      special,
      graded: span !== undefined && !special && start < span.end && end > span.start,
    };
  });
}
