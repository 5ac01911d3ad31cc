import { sha256 } from "@moonlight-rl/core";
import type { SampleRequest } from "./answer.ts";

/** Sequences that the engine decodes at once, which a block aims at. */
const SEQUENCES = 256;
/** Most problems of a block. */
export const BLOCK_PROBLEMS = 64;

/**
 * Samples of each problem in a block, for a set of so many problems.
 *
 * A block is what the engine is asked at once: problems that follow each other, and so many samples of each. The engine's
 * samples depend on the seed and on a prompt's and a sample's number within the request; as blocks are laid out the same
 * however many samples are taken, a sample depends on the seed, the set and its own number alone.
 */
export function blockSamples(problems: number): number {
  return Math.floor(SEQUENCES / Math.max(1, Math.min(problems, BLOCK_PROBLEMS)));
}

export interface Block {
  /** Its first problem and first sample. */
  readonly problem: number;
  readonly sample: number;
  /** How many samples of each problem are wanted, at most `blockSamples`. */
  readonly samples: number;
}

/** The blocks that hold these requests, in order. */
export function blocksOf(requests: readonly SampleRequest[], problems: number): Block[] {
  const step = blockSamples(problems);
  const blocks = new Map<string, Block>();
  for (const { problem, sample } of requests) {
    const first = { problem: floor(problem, BLOCK_PROBLEMS), sample: floor(sample, step) };
    const key = `${first.problem} ${first.sample}`;
    const samples = Math.max(blocks.get(key)?.samples ?? 0, sample - first.sample + 1);
    blocks.set(key, { ...first, samples });
  }
  return [...blocks.values()].sort((a, b) => a.problem - b.problem || a.sample - b.sample);
}

/** Seed of the samples of a block. */
export function blockSeed(seed: number, { problem, sample }: Block): number {
  const place = sample === 0 ? `${problem}` : `${problem} ${sample}`;
  return Number.parseInt(sha256(`eval ${seed} ${place}`).slice(0, 8), 16);
}

function floor(value: number, step: number): number {
  return value - (value % step);
}
