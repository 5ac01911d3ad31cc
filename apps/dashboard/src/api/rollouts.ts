import { z } from "zod";
import { orderQuery, pageOf, pageQuery } from "./page.ts";

/** What became of a response: "correct", "wrong", "no_answer", "unparsable", "truncated", "timed_out". */
export const outcomeCounts = z.record(z.string(), z.int());

/** GET /api/runs/:run/rollouts */
export const rolloutsQuery = pageQuery.extend({ order: orderQuery.default("desc") });
export const rolloutLineSchema = z.object({
  rollout: z.int(),
  groups: z.int(),
  samples: z.int(),
  meanReward: z.number(),
  /** Over all samples. */
  stdReward: z.number(),
  /** Groups whose rewards are all equal: they teach nothing. */
  zeroStdGroups: z.int(),
  outcomes: outcomeCounts,
  truncated: z.int(),
  /** Tokens of a response; null where nobody stored tokens. */
  meanTokens: z.number().nullable(),
});
export const rolloutsSchema = pageOf(rolloutLineSchema).extend({
  /** `recorded`: all samples; `shown`: those few that the history of an older run kept; `none`. */
  source: z.enum(["recorded", "shown", "none"]),
});
export type RolloutsAnswer = z.output<typeof rolloutsSchema>;
export type RolloutLine = z.output<typeof rolloutLineSchema>;

/** GET /api/runs/:run/rollouts/:rollout/groups */
export const groupsQuery = pageQuery.extend({
  /** Groups with a sample of this outcome. */
  outcome: z.string().max(40).optional(),
  /** true: only groups whose rewards are all equal; false: only the others. */
  zeroStd: z.enum(["true", "false"]).optional(),
  /** Part of the question, without case. */
  search: z.string().max(200).optional(),
  sort: z.enum(["group", "reward", "std", "length"]).default("group"),
  order: orderQuery.default("asc"),
});
export const groupLineSchema = z.object({
  group: z.int(),
  /** Names the prompt over rollouts: GET /api/runs/:run/prompts/:prompt */
  prompt: z.string(),
  /** First 300 characters. */
  question: z.string(),
  label: z.string(),
  samples: z.int(),
  meanReward: z.number(),
  stdReward: z.number(),
  outcomes: outcomeCounts,
  truncated: z.int(),
  meanTokens: z.number().nullable(),
  /** By sample. */
  rewards: z.array(z.number()),
});
export type GroupLine = z.output<typeof groupLineSchema>;
export const groupsSchema = pageOf(groupLineSchema).extend({ rollout: rolloutLineSchema });
export type GroupsAnswer = z.output<typeof groupsSchema>;

const numbers = z.array(z.number());

export const sampleSchema = z.object({
  index: z.int(),
  response: z.string(),
  reward: z.number(),
  /** As the loss took it, the mean over the tokens that count; absent: not stored. */
  advantage: z.number().optional(),
  outcome: z.string(),
  truncated: z.boolean(),
  /** Tokens of the response; null: nobody stored them. */
  tokenCount: z.int().nullable(),
  /** The answer as found; null: none was. Absent: not stored. */
  extracted: z.string().nullable().optional(),
  /** Where it stands in `response`: UTF-16 offsets, end exclusive. */
  span: z.object({ start: z.int(), end: z.int() }).optional(),
  /** Text of each token, in order; joined they are the response with its special tokens. */
  tokens: z.array(z.string()).optional(),
  tokenIds: z.array(z.int()).optional(),
  /** Nats, of the policy that sampled; by token. */
  logProbs: numbers.optional(),
  /** Nats, of the reference policy; by token. */
  refLogProbs: numbers.optional(),
  /** 0: the token does not count in training; absent: all do. */
  lossMask: z.array(z.int()).optional(),
});
export type Sample = z.output<typeof sampleSchema>;

/** GET /api/runs/:run/rollouts/:rollout/groups/:group */
export const samplesQuery = pageQuery.extend({
  outcome: z.string().max(40).optional(),
  sort: z.enum(["index", "reward", "length"]).default("index"),
  order: orderQuery.default("asc"),
  /** `brief`: without what is told by token, and of the response the first 300 characters. */
  detail: z.enum(["full", "brief"]).default("full"),
});
export const samplesSchema = pageOf(sampleSchema).extend({
  group: groupLineSchema,
  /** The question, whole. */
  question: z.string(),
  /** The rendered prompt with its special tokens; absent: not stored. */
  promptText: z.string().optional(),
});
export type SamplesAnswer = z.output<typeof samplesSchema>;

/** GET /api/runs/:run/prompts/:prompt: the same prompt over rollouts, in their order; before and after. */
export const promptQuery = pageQuery;
export const promptSchema = pageOf(
  z.object({
    rollout: z.int(),
    group: z.int(),
    samples: z.int(),
    meanReward: z.number(),
  }),
).extend({ prompt: z.string(), question: z.string(), label: z.string() });
export type PromptAnswer = z.output<typeof promptSchema>;
