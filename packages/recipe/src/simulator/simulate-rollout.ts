import type { Recipe } from "../schema.ts";
import { fewerThan, uniformGroup } from "./binomial.ts";

/** A share of the prompts and how often the policy solves them. */
export interface DifficultyBin {
  /** Probability that one sample is graded right. */
  readonly solveRate: number;
  /** Weight of the bin; weights need not add up to 1. */
  readonly share: number;
}

/** What over-sampling does with prompts of that difficulty, in expectation. */
export interface RolloutSimulation {
  /** Probability that a group passes the non-zero-std filter. */
  readonly acceptRate: number;
  /** Waves of generation per rollout; null: nothing is ever accepted, and the reference would generate for ever. */
  readonly wavesPerRollout: number | null;
  /** Prompts that leave the dataset per rollout; null as above. */
  readonly promptsPerRollout: number | null;
  /** Share of the generated groups that are not trained on, rejected or surplus. */
  readonly wasteShare: number;
  /** Probability that one wave is enough. */
  readonly oneWave: number;
  /** Waves that are exceeded in less than one rollout of a thousand; null: more than 1000. */
  readonly wavesAtMost: number | null;
  /** Mean grade of the groups that are trained on. */
  readonly keptReward: number;
}

/** Solve rates spread evenly: nothing is known about the data. */
export const EVEN_DIFFICULTY: readonly DifficultyBin[] = Array.from({ length: 21 }, (_, i) => ({
  solveRate: i / 20,
  share: 1,
}));

const MAX_WAVES = 1000;

/**
 * Exact binomial expectation for 0/1 grades: a group of n samples is kept unless all grades are equal, with
 * probability 1 − pⁿ − (1 − p)ⁿ. A wave of `overSamplingBatchSize` prompts follows while the kept groups and those in
 * flight are fewer than `rolloutBatchSize` (miles sglang_rollout.py:521), so there are as many waves as it takes to
 * accept that many; the surplus is thrown away, or with partial rollouts goes back to the buffer.
 */
export function simulateRollout(
  { rollout }: Recipe,
  difficulty: readonly DifficultyBin[] = EVEN_DIFFICULTY,
): RolloutSimulation {
  const n = rollout.nSamplesPerPrompt;
  const filtered = rollout.dynamicSamplingFilter !== null;
  const total = difficulty.reduce((sum, { share }) => sum + share, 0);
  let acceptRate = 0;
  let reward = 0;
  for (const { solveRate: p, share } of difficulty) {
    acceptRate += (share / total) * (filtered ? 1 - uniformGroup(n, p) : 1);
    reward += (share / total) * (filtered ? p - p ** n : p);
  }
  const target = Math.max(1, rollout.rolloutBatchSize);
  const wave = Math.max(1, rollout.overSamplingBatchSize);
  if (acceptRate <= 0) {
    return {
      acceptRate: 0,
      wavesPerRollout: null,
      promptsPerRollout: null,
      wasteShare: 1,
      oneWave: 0,
      wavesAtMost: null,
      keptReward: 0,
    };
  }
  const { waves, atMost } = countWaves(acceptRate, target, wave);
  return {
    acceptRate,
    wavesPerRollout: waves,
    promptsPerRollout: waves * wave,
    wasteShare: Math.max(0, 1 - target / (waves * wave)),
    oneWave: 1 - fewerThan(target, wave, acceptRate),
    wavesAtMost: atMost,
    keptReward: reward / acceptRate,
  };
}

/** E[waves] = Σ over w of P(fewer than `target` of w waves are accepted). */
function countWaves(
  rate: number,
  target: number,
  wave: number,
): { waves: number; atMost: number | null } {
  let waves = 0;
  let atMost: number | null = null;
  for (let w = 0; w < MAX_WAVES; w++) {
    const short = fewerThan(target, w * wave, rate);
    waves += short;
    if (atMost === null && short < 1e-3) atMost = w;
    if (short < 1e-9) return { waves, atMost };
  }
  return { waves: Math.max(waves, target / (rate * wave)), atMost };
}
