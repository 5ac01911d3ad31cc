import type { CounterRandom } from "./random.ts";

export interface SamplingSettings {
  /** 0: the most probable token (the smallest id among equals). */
  readonly temperature: number;
  /** 1: everything. */
  readonly topP: number;
  /** 0 or less: everything. */
  readonly topK: number;
}

/** Draws a token from probabilities that sum to about one; takes exactly one number from `random` unless greedy. */
export function drawToken(
  probabilities: Float32Array,
  { temperature, topP, topK }: SamplingSettings,
  random: CounterRandom,
): number {
  if (temperature === 0) return mostProbable(probabilities);
  const point = random.uniform();
  if (topP >= 1 && (topK <= 0 || topK >= probabilities.length)) {
    return inverse(probabilities, undefined, point);
  }
  const kept = nucleus(probabilities, topP, topK);
  const total = kept.reduce((sum, token) => sum + (probabilities[token] as number), 0);
  return inverse(probabilities, kept, point * total);
}

function mostProbable(probabilities: Float32Array): number {
  let best = 0;
  for (let token = 1; token < probabilities.length; token++) {
    if ((probabilities[token] as number) > (probabilities[best] as number)) best = token;
  }
  return best;
}

/** The most probable tokens, at most `topK`, and no more than needed to reach `topP`; at least one. */
function nucleus(probabilities: Float32Array, topP: number, topK: number): number[] {
  const order = Array.from(probabilities.keys()).sort(
    (a, b) => (probabilities[b] as number) - (probabilities[a] as number) || a - b,
  );
  const candidates = topK > 0 ? order.slice(0, topK) : order;
  let mass = 0;
  const enough = candidates.findIndex((token) => (mass += probabilities[token] as number) >= topP);
  return enough === -1 ? candidates : candidates.slice(0, enough + 1);
}

/** The token whose interval of the cumulative sum holds `point`; rounding at the end falls to the last possible token. */
function inverse(
  probabilities: Float32Array,
  among: readonly number[] | undefined,
  point: number,
): number {
  const count = among?.length ?? probabilities.length;
  let cumulative = 0;
  let last = 0;
  for (let i = 0; i < count; i++) {
    const token = among?.[i] ?? i;
    const probability = probabilities[token] as number;
    if (probability === 0) continue;
    last = token;
    cumulative += probability;
    if (point < cumulative) return token;
  }
  return last;
}
