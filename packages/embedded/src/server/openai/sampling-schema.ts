import { z } from "zod";

const stopText = z.string().min(1).max(1024);
const tokenId = z.int().nonnegative();

/** What completions and chat have in common; beside OpenAI's fields those that SGLang and vLLM add (top_k, stop_token_ids, …). */
export const samplingFields = {
  model: z.string().nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  n: z.int().min(1).max(1024).nullish(),
  seed: z.int().nullish(),
  stop: z.union([stopText, z.array(stopText).max(16)]).nullish(),
  stop_token_ids: z.array(tokenId).max(64).nullish(),
  ignore_eos: z.boolean().nullish(),
  skip_special_tokens: z.boolean().nullish(),
  stream: z.boolean().nullish(),
  stream_options: z
    .strictObject({
      include_usage: z.boolean().nullish(),
      include_obfuscation: z.boolean().nullish(),
      continuous_usage_stats: z.literal(false).nullish(),
    })
    .nullish(),
  max_tokens: z.int().min(0).nullish(),
  user: z.string().nullish(),
  // What would change results is accepted only where it asks for nothing.
  frequency_penalty: z.literal(0, "penalties are not supported").nullish(),
  presence_penalty: z.literal(0, "penalties are not supported").nullish(),
  repetition_penalty: z.literal(1, "penalties are not supported").nullish(),
  min_p: z.literal(0, "min_p is not supported").nullish(),
  logit_bias: z.strictObject({}, "logit_bias is not supported").nullish(),
} as const;
