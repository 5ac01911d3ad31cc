import { z } from "zod";
import type { Protocol } from "./protocol.ts";

const schema = z.object({
  text: z.string(),
  meta_info: z.object({
    finish_reason: z
      .union([z.string(), z.looseObject({ type: z.string() })])
      .nullish()
      .transform((reason) =>
        typeof reason === "object" ? (reason?.type ?? null) : (reason ?? null),
      ),
    completion_tokens: z.int().nonnegative().optional(),
  }),
});

/** SGLang's `POST /generate`, which the reference samples with: token ids in, so that no template or special token can differ. */
export const sglang: Protocol = {
  body: ({ ids, text, stopTokenIds, temperature, topP, topK, maxTokens, seed, extra }) => ({
    ...(ids === undefined ? { text } : { input_ids: ids }),
    sampling_params: {
      temperature,
      top_p: topP,
      top_k: topK,
      max_new_tokens: maxTokens,
      skip_special_tokens: true,
      ...(stopTokenIds !== undefined && { stop_token_ids: stopTokenIds }),
      ...(seed !== undefined && { sampling_seed: seed }),
      ...extra,
    },
    stream: false,
  }),
  reply(json) {
    const { text, meta_info } = schema.parse(json);
    return {
      text,
      reasoning: undefined,
      finishReason: meta_info.finish_reason,
      tokens: meta_info.completion_tokens,
    };
  },
};
