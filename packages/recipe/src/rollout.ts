import { z } from "zod";

/** How samples are collected and cut into optimizer steps. */
export const rolloutSchema = z.strictObject({
  numRollout: z
    .int()
    .describe("Rollouts in the whole run (generate, then train); miles: --num-rollout."),
  rolloutBatchSize: z
    .int()
    .describe(
      "Prompts (groups) that are kept and trained on per rollout; miles: --rollout-batch-size.",
    ),
  nSamplesPerPrompt: z
    .int()
    .describe("Samples per prompt, the size of a GRPO group; miles: --n-samples-per-prompt."),
  overSamplingBatchSize: z
    .int()
    .describe(
      "Prompts fetched per wave of generation, at least rolloutBatchSize; another wave starts while kept + in-flight groups are too few; miles: --over-sampling-batch-size.",
    ),
  dynamicSamplingFilter: z
    .enum(["nonzero-std"])
    .nullable()
    .describe(
      "Which groups are kept: nonzero-std drops groups whose rewards are all equal; miles: --dynamic-sampling-filter-path. null: every group.",
    ),
  numStepsPerRollout: z
    .int()
    .describe(
      "Optimizer steps per rollout; the global batch size is rolloutBatchSize × nSamplesPerPrompt ÷ this; miles: --num-steps-per-rollout.",
    ),
  maxResponseLen: z
    .int()
    .describe("Most tokens generated per sample; miles: --rollout-max-response-len."),
  temperature: z
    .number()
    .describe("Sampling temperature of rollouts; miles: --rollout-temperature."),
  topP: z
    .number()
    .describe(
      "Nucleus of sampling as a share, 1 = everything; miles: --rollout-top-p (default 1).",
    ),
  topK: z
    .int()
    .describe("Most likely tokens sampled from, -1 = all; miles: --rollout-top-k (default -1)."),
  shuffle: z
    .boolean()
    .describe("Whether prompts are reshuffled each epoch; miles: --rollout-shuffle."),
  seed: z.int().describe("Seed of prompt order and sampling; miles: --rollout-seed (default 42)."),
  balanceData: z
    .boolean()
    .describe("Whether tokens are balanced over data-parallel ranks; miles: --balance-data."),
});
