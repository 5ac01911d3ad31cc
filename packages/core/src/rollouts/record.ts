import { z } from "zod";

/** Name of the folder with all samples of a training run, beside its checkpoints. */
export const ROLLOUTS_FOLDER = "rollouts";
/** One line a rollout; a rollout is there once its line is. */
export const ROLLOUT_INDEX = "index.ndjson";

const count = z.int().nonnegative();
const numbers = z.array(z.number());

/** One response: a line of a rollout's file. Arrays by token have one value per response token. */
export const recordedSampleSchema = z.object({
  group: count,
  /** Position within the group. */
  index: count,
  response: z.string(),
  reward: z.number(),
  /** As the loss took it: the mean over the tokens that count. */
  advantage: z.number().optional(),
  outcome: z.string(),
  truncated: z.boolean(),
  /** The answer that the grader found; null: none. */
  extracted: z.string().nullable().optional(),
  tokenIds: z.array(count).optional(),
  /** Text of each token; together the response with its special tokens. */
  tokens: z.array(z.string()).optional(),
  /** Nats, of the policy that sampled. */
  logProbs: numbers.optional(),
  /** Nats, of the reference policy. */
  refLogProbs: numbers.optional(),
  /** 0: the token does not count in training; absent: all do. */
  lossMask: z.array(z.number()).optional(),
});
export type RecordedSample = z.output<typeof recordedSampleSchema>;

/** What a list shows of a group, and where its samples are. Arrays are by sample. */
export const recordedGroupSchema = z.object({
  group: count,
  /** Names the prompt: equal texts have equal names in all rollouts. */
  prompt: z.string(),
  question: z.string(),
  /** The rendered prompt. */
  promptText: z.string().optional(),
  label: z.string(),
  rewards: numbers,
  outcomes: z.array(z.string()),
  truncated: z.array(z.boolean()),
  /** Tokens of the response; null where nobody counted. */
  lengths: z.array(count.nullable()),
  /** Bytes of each sample's line, its newline included; the lines follow each other in this order. */
  bytes: z.array(z.int().positive()),
});
export type RecordedGroup = z.output<typeof recordedGroupSchema>;

/** The first line of a rollout's file. */
export const rolloutHeaderSchema = z.object({
  version: z.literal(1),
  rollout: count,
  groups: z.array(recordedGroupSchema),
});
export type RolloutHeader = z.output<typeof rolloutHeaderSchema>;

/** A line of the index. */
export const rolloutLineSchema = z.object({
  rollout: count,
  samples: count,
  meanReward: z.number(),
  /** Over all samples, not within groups. */
  stdReward: z.number(),
  /** Groups whose rewards are all equal. */
  zeroStdGroups: count,
  outcomes: z.record(z.string(), count),
  truncated: count,
  meanTokens: z.number().nullable(),
  /** Bytes of the header line in the rollout's file, its newline included. */
  headerBytes: z.int().positive(),
  /** Names of the prompts, by group. */
  prompts: z.array(z.string()),
});
export type RolloutIndexLine = z.output<typeof rolloutLineSchema>;

/** File of a rollout within the folder: `000042.ndjson`. */
export function rolloutFile(rollout: number): string {
  return `${String(rollout).padStart(6, "0")}.ndjson`;
}
