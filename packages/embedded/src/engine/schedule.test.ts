import { describe, expect, it } from "vitest";
import { z } from "zod";
import { grpoGolden } from "../testing/grpo-golden.ts";
import { scheduleSteps } from "./schedule.ts";

const index = z.int().nonnegative();
const golden = grpoGolden(
  "schedules",
  z.array(
    z.object({
      ranks: z.int(),
      lengths: z.array(z.int()),
      globalBatchSize: z.int(),
      maxTokens: z.int().nullable(),
      balance: z.boolean(),
      partitions: z.array(z.array(index)),
      microBatches: z.array(z.array(z.array(index))),
      counts: z.array(z.int()),
    }),
  ),
);

describe("scheduleSteps, against the reference's build_dp_schedule", () => {
  it.each(golden)(
    "$ranks ranks, steps of $globalBatchSize, $maxTokens tokens, balance $balance",
    (recorded) => {
      const steps = scheduleSteps(recorded.lengths, { ...recorded, microBatchSize: 2 });
      expect(steps.map((step) => step[0]?.length)).toEqual(recorded.counts);
      const got = Array.from({ length: recorded.ranks }, (_, rank) =>
        steps.flatMap((step) => step[rank] ?? []),
      );
      // There: per rank a list of samples, and micro-batches as indices into it.
      const want = recorded.microBatches.map((batches, rank) =>
        batches.map((batch) => batch.map((at) => recorded.partitions[rank]?.[at])),
      );
      expect(got).toEqual(want);
    },
  );

  it("refuses what does not divide", () => {
    const options = { ranks: 2, maxTokens: null, microBatchSize: 3, balance: false };
    expect(() => scheduleSteps([1, 2, 3], { ...options, globalBatchSize: 3 })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID" }),
    );
    expect(() => scheduleSteps([1, 2, 3], { ...options, globalBatchSize: 4 })).toThrow(
      expect.objectContaining({ code: "SCHEDULE_INVALID" }),
    );
  });
});
