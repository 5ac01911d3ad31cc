import type { ScoredToken, TokenLogProb } from "./generation.ts";

/** What stands for the logarithm of zero where numbers must be finite (JSON), as other servers have it. */
const LEAST = -9999;

/** A token with its log-prob and the `top` most probable ones, best first; among equals the smaller id. */
export function scoreToken(probabilities: Float32Array, token: number, top: number): ScoredToken {
  return {
    token,
    logProb: logarithm(probabilities[token] as number),
    top: top === 0 ? [] : mostProbable(probabilities, top),
  };
}

function mostProbable(probabilities: Float32Array, count: number): TokenLogProb[] {
  const best: number[] = [];
  for (let token = 0; token < probabilities.length; token++) {
    const probability = probabilities[token] as number;
    if (
      best.length === count &&
      probability <= (probabilities[best[count - 1] as number] as number)
    ) {
      continue;
    }
    let at = best.length;
    while (at > 0 && (probabilities[best[at - 1] as number] as number) < probability) at--;
    best.splice(at, 0, token);
    if (best.length > count) best.pop();
  }
  return best.map((token) => ({ token, logProb: logarithm(probabilities[token] as number) }));
}

function logarithm(probability: number): number {
  return Math.max(Math.log(probability), LEAST);
}
