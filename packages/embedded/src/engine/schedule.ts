import { UsageError } from "@moonlight-rl/core";
import { firstFitDecreasing, karmarkarKarp, splitHeaviest } from "./balance.ts";

export interface ScheduleOptions {
  /** Data-parallel ranks. */
  readonly ranks: number;
  /** Samples per optimizer step; what does not fill a step at the end is left out. */
  readonly globalBatchSize: number;
  /** Tokens of a micro-batch, which is then packed; null: micro-batches of `microBatchSize` samples in order. */
  readonly maxTokens: number | null;
  readonly microBatchSize: number;
  /** Micro-batches are shared out by their tokens (Karmarkar-Karp) instead of in turn. */
  readonly balance: boolean;
}

/** The micro-batches of one optimizer step by rank; samples are indices into the rollout. */
export type ScheduledStep = readonly (readonly (readonly number[])[])[];

/**
 * Which samples each rank trains on together, step by step. Throws `SCHEDULE_INVALID` where the samples do not divide.
 * Source: miles utils/dp_schedule.py build_dp_schedule.
 */
export function scheduleSteps(
  lengths: readonly number[],
  options: ScheduleOptions,
): ScheduledStep[] {
  const { ranks, globalBatchSize } = options;
  const count = Math.floor(lengths.length / globalBatchSize);
  if (count === 0 || globalBatchSize < ranks) {
    throw invalid(
      `${lengths.length} samples are no step of ${globalBatchSize} over ${ranks} ranks`,
    );
  }
  return Array.from({ length: count }, (_, step) => {
    const first = step * globalBatchSize;
    const sizes = lengths.slice(first, first + globalBatchSize);
    const batches = microBatches(sizes, options);
    return shareOut(batches, sizes, options).map((rank) =>
      rank.map((at) => (batches[at] ?? []).map((index) => first + index)),
    );
  });
}

function microBatches(
  sizes: readonly number[],
  { ranks, maxTokens, microBatchSize }: ScheduleOptions,
): number[][] {
  if (maxTokens === null) {
    const batches: number[][] = [];
    for (let at = 0; at < sizes.length; at += microBatchSize) {
      batches.push([...sizes.keys()].slice(at, at + microBatchSize));
    }
    if (batches.length % ranks !== 0) {
      throw invalid(`${batches.length} micro-batches do not divide by ${ranks} ranks`);
    }
    return batches;
  }
  const packed = firstFitDecreasing(sizes, maxTokens);
  return splitHeaviest(packed, Math.ceil(packed.length / ranks) * ranks, sizes);
}

/** Per rank, which micro-batches it takes. */
function shareOut(
  batches: readonly (readonly number[])[],
  sizes: readonly number[],
  { ranks, balance }: ScheduleOptions,
): number[][] {
  if (balance) {
    const tokens = batches.map((batch) =>
      batch.reduce((sum, index) => sum + (sizes[index] ?? 0), 0),
    );
    return karmarkarKarp(tokens, ranks);
  }
  return Array.from({ length: ranks }, (_, rank) =>
    [...batches.keys()].filter((at) => at % ranks === rank),
  );
}

function invalid(message: string): UsageError {
  return new UsageError("SCHEDULE_INVALID", message, {
    field: "rollout.numStepsPerRollout",
    hint: "Choose steps, micro-batch size and ranks that divide the samples of a rollout.",
  });
}
