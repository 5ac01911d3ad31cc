import { z } from "zod";
import type { Prompt } from "./prompt-source.ts";

/** A sample that may not be finished yet. Arrays have one value per response token so far. */
export const pendingSampleSchema = z.object({
  tokens: z.array(z.int().nonnegative()),
  logProbs: z.array(z.number()),
  /** Absent: every token counts. */
  lossMask: z.array(z.int()).optional(),
  /** Absent: not finished. */
  finishReason: z.enum(["stop", "length"]).optional(),
});
export type PendingSample = z.output<typeof pendingSampleSchema>;

/** The samples of a prompt before or between the rollouts that work on them. */
export interface PendingGroup {
  readonly prompt: Prompt;
  /** Running number of the group in the whole run, by which kept groups are ordered. */
  readonly index: number;
  readonly samples: readonly PendingSample[];
}

/** A group that no rollout has begun. */
export function freshGroup(prompt: Prompt, index: number, n: number): PendingGroup {
  return {
    prompt,
    index,
    samples: Array.from({ length: n }, () => ({ tokens: [], logProbs: [] })),
  };
}

/**
 * What a rollout takes over from an earlier one: with `maskOffPolicy` none of its tokens counts, those of finished samples
 * included (miles rollout/sglang_rollout.py generate_and_rm).
 */
export function resumedGroup(group: PendingGroup, maskOffPolicy: boolean): PendingGroup {
  if (!maskOffPolicy) return group;
  return {
    ...group,
    samples: group.samples.map((sample) =>
      sample.tokens.length === 0 ? sample : { ...sample, lossMask: sample.tokens.map(() => 0) },
    ),
  };
}

/** A group as it is kept beside a checkpoint; prompts by their place in the prompt file. */
export const storedGroupSchema = z.object({
  prompt: z.int().nonnegative(),
  index: z.int().nonnegative(),
  samples: z.array(pendingSampleSchema),
});
export type StoredGroup = z.output<typeof storedGroupSchema>;
