import { z } from "zod";

const count = z.int().nonnegative();
const figure = z.number().nullable();

/** One dump as a whole. Lengths in tokens, log-probs in nats. */
const summarySchema = z.object({
  samples: count,
  groups: count,
  zeroStdGroups: count.describe("groups whose rewards are all equal: nothing is learned from them"),
  meanReward: figure,
  ungraded: count,
  meanLength: z.number(),
  maxLength: count,
  truncated: count,
  aborted: count,
  failed: count,
  removed: count.describe("samples that training leaves out"),
  meanLogProb: figure,
  faults: z.array(z.string()),
});

export const dumpEntrySchema = z.object({
  file: z.string(),
  rollout: z.int(),
  evaluation: z.boolean(),
  bytes: count,
  summary: summarySchema,
});

export const sampleLineSchema = z.object({
  index: z.int().nullable(),
  group: z.int().nullable(),
  reward: z.unknown(),
  status: z.string(),
  length: count,
  meanLogProb: figure,
  label: z.string(),
  ending: z.string().describe("the last characters of the response"),
});

export const wholeSampleSchema = sampleLineSchema.omit({ ending: true, meanLogProb: true }).extend({
  label: z.unknown(),
  prompt: z.unknown(),
  response: z.string(),
  promptTokens: count,
  trainedTokens: count.describe("response tokens whose loss mask is not 0"),
  tokens: z.array(z.int()),
  logProbs: z.array(z.number()).nullable(),
  weightVersions: z.array(z.string()),
  removed: z.boolean(),
  metadata: z.record(z.string(), z.unknown()),
  faults: z.array(z.string()),
});

export const dumpOutputSchema = z.object({
  path: z.string(),
  found: count.describe("dumps at the path"),
  dumps: z.array(dumpEntrySchema).describe("those that were read"),
  samples: z.array(sampleLineSchema),
  matching: count.describe("samples that the filters leave"),
  sample: wholeSampleSchema.optional(),
});
export type DumpOutput = z.output<typeof dumpOutputSchema>;
