import { z } from "zod";
import { MAX_TOP_LOG_PROBS } from "../assert-generation.ts";

const stopText = z.string().min(1).max(1024);
const tokenId = z.int().nonnegative();
const tokens = z.array(tokenId).min(1);

/** SGLang's `sampling_params`; what would change results and is not computed is accepted only where it asks for nothing. */
export const samplingParamsSchema = z.strictObject({
  max_new_tokens: z.int().min(0).nullish(),
  stop: z.union([stopText, z.array(stopText).max(16)]).nullish(),
  stop_token_ids: z.array(tokenId).max(64).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().positive().max(1).nullish(),
  top_k: z.int().min(-1).nullish(),
  n: z.int().min(1).max(1024).nullish(),
  ignore_eos: z.boolean().nullish(),
  skip_special_tokens: z.boolean().nullish(),
  no_stop_trim: z.boolean().nullish(),
  sampling_seed: z.int().nullish(),
  // Decoding never puts spaces between special tokens.
  spaces_between_special_tokens: z.boolean().nullish(),
  min_p: z.literal(0, "min_p is not supported").nullish(),
  min_new_tokens: z.literal(0, "min_new_tokens is not supported").nullish(),
  frequency_penalty: z.literal(0, "penalties are not supported").nullish(),
  presence_penalty: z.literal(0, "penalties are not supported").nullish(),
  repetition_penalty: z.literal(1, "penalties are not supported").nullish(),
  json_schema: z.null("constrained decoding is not supported").optional(),
  regex: z.null("constrained decoding is not supported").optional(),
  ebnf: z.null("constrained decoding is not supported").optional(),
});

const none = z.null("only text is supported").optional();
const rid = z.string().min(1).max(256);

/** The body of `/generate`: one of text and input_ids, for one prompt or several. */
export const generateSchema = z
  .strictObject({
    text: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(2048)]).nullish(),
    input_ids: z.union([tokens, z.array(tokens).min(1).max(2048)]).nullish(),
    sampling_params: samplingParamsSchema.nullish(),
    rid: z.union([rid, z.array(rid)]).nullish(),
    return_logprob: z.boolean().nullish(),
    /** The first place of the prompt that is scored; -1: none. */
    logprob_start_len: z.int().min(-1).nullish(),
    top_logprobs_num: z.int().min(0).max(MAX_TOP_LOG_PROBS).nullish(),
    return_text_in_logprobs: z.boolean().nullish(),
    stream: z.boolean().nullish(),
    // No session and no image is kept or looked at, so only their absence is accepted.
    image_data: none,
    video_data: none,
    audio_data: none,
    lora_path: none,
    session_params: none,
    input_embeds: none,
  })
  .refine(({ text, input_ids }) => (text == null) !== (input_ids == null), {
    message: "exactly one of text and input_ids is needed",
    path: ["text"],
  });
export type GenerateBody = z.output<typeof generateSchema>;

export const abortSchema = z.object({
  rid: z.string().nullish(),
  abort_all: z.boolean().nullish(),
});
