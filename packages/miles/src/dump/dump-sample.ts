import { z } from "zod";

/** What is not finite comes as its name, since JSON has no such numbers. */
const number = z.union([z.number(), z.literal(["NaN", "Infinity", "-Infinity"]).transform(Number)]);
const count = z.int().nonnegative();
const message = z.looseObject({ role: z.string() });

/** A sample of a rollout dump (miles/utils/types.py, Sample.to_dict). Newer fields of the framework are passed over. */
export const dumpSampleSchema = z
  .object({
    group_index: z.int().nullish(),
    index: z.int().nullish(),
    prompt: z.union([z.string(), z.array(message)]).default(""),
    tokens: z.array(z.int()).nullish(),
    response: z.string().default(""),
    response_length: count.default(0),
    label: z.unknown(),
    reward: z
      .union([number, z.boolean().transform(Number), z.record(z.string(), z.unknown())])
      .nullish(),
    loss_mask: z.array(z.union([number, z.boolean().transform(Number)])).nullish(),
    rollout_log_probs: z.array(number).nullish(),
    weight_versions: z.array(z.union([z.string(), z.number()]).transform(String)).default([]),
    status: z.enum(["pending", "completed", "truncated", "aborted", "failed"]),
    remove_sample: z.boolean().default(false),
    metadata: z.record(z.string(), z.unknown()).nullish(),
  })
  .transform((given) => ({
    group: given.group_index ?? null,
    index: given.index ?? null,
    prompt: given.prompt,
    tokens: given.tokens ?? [],
    response: given.response,
    responseLength: given.response_length,
    label: given.label ?? null,
    reward: given.reward ?? null,
    lossMask: given.loss_mask ?? null,
    logProbs: given.rollout_log_probs ?? null,
    weightVersions: given.weight_versions,
    status: given.status,
    removed: given.remove_sample,
    metadata: given.metadata ?? {},
  }));

/**
 * One answer of the policy.
 *
 * `tokens`: prompt and response, [prompt + responseLength]; `lossMask` and `logProbs`: of the response, [responseLength];
 * log-probs in nats, of the engine that sampled. `reward`: a number, or what a grader with several keys returned.
 */
export type DumpSample = z.output<typeof dumpSampleSchema>;

/**
 * The number that training uses of a reward.
 *
 * @param key of rewards that have several (`reward.rewardKey` of the recipe)
 */
export function rewardOf({ reward }: Pick<DumpSample, "reward">, key?: string): number | undefined {
  if (typeof reward === "number") return reward;
  if (reward === null || key === undefined) return undefined;
  const value = reward[key];
  return typeof value === "number" ? value : undefined;
}

/** What of a sample contradicts itself: the trainer would cut, pad or refuse it. */
export function sampleFaults(sample: DumpSample): string[] {
  const { tokens, responseLength, lossMask, logProbs, reward, status, response } = sample;
  const faults: string[] = [];
  if (tokens.length < responseLength)
    faults.push(`${tokens.length} tokens hold no response of ${responseLength}`);
  if (lossMask !== null && lossMask.length !== responseLength)
    faults.push(`loss_mask has ${lossMask.length} entries, the response ${responseLength} tokens`);
  if (logProbs !== null && logProbs.length !== responseLength)
    faults.push(
      `rollout_log_probs has ${logProbs.length} entries, the response ${responseLength} tokens`,
    );
  const odd = logProbs?.findIndex((value) => !(value <= 0) || !Number.isFinite(value)) ?? -1;
  if (odd !== -1) faults.push(`rollout_log_probs[${odd}] is ${logProbs?.[odd]}`);
  if (typeof reward === "number" && !Number.isFinite(reward))
    faults.push(`the reward is ${reward}`);
  if (reward === null && status !== "aborted" && status !== "pending")
    faults.push("it was never graded");
  if (response === "" && responseLength > 0) faults.push(`${responseLength} tokens make no text`);
  return faults;
}
