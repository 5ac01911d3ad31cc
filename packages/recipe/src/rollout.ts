import { z } from "zod";
import { field } from "./field-facts.ts";

/** How samples are collected and cut into optimizer steps. */
export const rolloutSchema = z.strictObject({
  numRollout: field(z.int(), "Rollouts in the whole run (generate, then train).", {
    flag: "--num-rollout",
    unit: "rollouts",
    source: "A:965",
  }),
  rolloutBatchSize: field(z.int(), "Prompts (groups) that are kept and trained on per rollout.", {
    flag: "--rollout-batch-size",
    unit: "prompts",
    source: "A:1065",
  }),
  nSamplesPerPrompt: field(z.int(), "Samples per prompt, the size of a GRPO group.", {
    flag: "--n-samples-per-prompt",
    usual: 1,
    unit: "samples",
    source: "A:1074",
  }),
  overSamplingBatchSize: field(
    z.int(),
    "Prompts fetched per wave of generation, at least rolloutBatchSize; another wave starts while kept + in-flight groups are too few.",
    { flag: "--over-sampling-batch-size", unit: "prompts", source: "A:594, A:3397" },
  ),
  dynamicSamplingFilter: field(
    z.enum(["nonzero-std"]).nullable(),
    "Which groups are kept: nonzero-std drops groups whose rewards are all equal. null: every group.",
    { flag: "--dynamic-sampling-filter-path", usual: null, source: "A:607" },
  ),
  partialRollout: field(
    z.boolean(),
    "Whether surplus groups that are cut off go on in the next rollout instead of being thrown away.",
    { flag: "--partial-rollout", usual: false, source: "A:636" },
  ),
  maskOffpolicyInPartialRollout: field(
    z.boolean(),
    "Whether the tokens that an older policy wrote are left out of the loss.",
    { flag: "--mask-offpolicy-in-partial-rollout", usual: false, source: "A:646" },
  ),
  numStepsPerRollout: field(
    z.int(),
    "Optimizer steps per rollout; the global batch size is rolloutBatchSize × nSamplesPerPrompt ÷ this.",
    { flag: "--num-steps-per-rollout", unit: "steps", source: "A:1082, A:3381" },
  ),
  maxResponseLen: field(z.int(), "Most tokens generated per sample.", {
    flag: "--rollout-max-response-len",
    unit: "tokens",
    source: "A:519",
  }),
  maxPromptLen: field(
    z.int().nullable(),
    "Prompts with more tokens are left out of the dataset. null: none is, or maxContextLen − 1.",
    { flag: "--rollout-max-prompt-len", usual: null, unit: "tokens", source: "A:509, A:3436" },
  ),
  maxContextLen: field(
    z.int().nullable(),
    "Most tokens of prompt and response together. null: no limit beside the engine's.",
    { flag: "--rollout-max-context-len", usual: null, unit: "tokens", source: "A:500" },
  ),
  temperature: field(z.number(), "Sampling temperature of rollouts.", {
    flag: "--rollout-temperature",
    usual: 1,
    source: "A:488",
  }),
  topP: field(z.number(), "Nucleus of sampling as a share, 1 = everything.", {
    flag: "--rollout-top-p",
    usual: 1,
    source: "A:494",
  }),
  topK: field(z.int(), "Most likely tokens sampled from, -1 = all.", {
    flag: "--rollout-top-k",
    usual: -1,
    unit: "tokens",
    source: "A:497",
  }),
  stop: field(z.array(z.string().min(1)), "Texts that end a response.", {
    flag: "--rollout-stop",
    usual: [],
    source: "A:537",
  }),
  stopTokenIds: field(z.array(z.int()), "Tokens that end a response beside the model's own.", {
    flag: "--rollout-stop-token-ids",
    usual: [],
    source: "A:548",
  }),
  shuffle: field(z.boolean(), "Whether prompts are reshuffled each epoch.", {
    flag: "--rollout-shuffle",
    usual: false,
    source: "A:558",
  }),
  seed: field(z.int(), "Seed of prompt order and sampling.", {
    flag: "--rollout-seed",
    usual: 42,
    source: "A:564",
  }),
  balanceData: field(z.boolean(), "Whether tokens are balanced over data-parallel ranks.", {
    flag: "--balance-data",
    usual: false,
    source: "A:1093",
  }),
  customGenerateFunctionPath: field(
    z.string().min(1).nullable(),
    "Python function (dotted path) that generates one sample, for tools and several turns. null: one turn.",
    { flag: "--custom-generate-function-path", usual: null, source: "A:713" },
  ),
  rolloutFunctionPath: field(
    z.string().min(1).nullable(),
    "Python function (dotted path) that carries out a whole rollout. null: miles' own.",
    { flag: "--rollout-function-path", usual: null, source: "A:461" },
  ),
});
