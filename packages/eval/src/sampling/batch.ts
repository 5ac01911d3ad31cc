import { sha256 } from "@moonlight-rl/core";

/** Sequences that a batch aims at: as many as the engine decodes at once. */
const SEQUENCES = 256;

/** Problems per batch; a function of the settings alone, since samples depend on it. */
export function problemsPerBatch(samplesPerProblem: number): number {
  return Math.max(1, Math.floor(SEQUENCES / samplesPerProblem));
}

/**
 * Seed of the batch that starts with problem `first`. The engine's samples depend on the seed and on a
 * prompt's number within the request; with a seed per batch they depend on the seed and the problem only,
 * whichever batches were sampled before.
 */
export function batchSeed(seed: number, first: number): number {
  return Number.parseInt(sha256(`eval ${seed} ${first}`).slice(0, 8), 16);
}
