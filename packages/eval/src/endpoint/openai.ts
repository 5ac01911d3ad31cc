import { z } from "zod";
import type { Ask, Protocol } from "./protocol.ts";

const usage = z.object({ completion_tokens: z.int().nonnegative().optional() }).nullish();
const finishReason = z.string().nullish();

function common({ model, temperature, topP, topK, maxTokens, seed, extra }: Ask): object {
  return {
    ...(model !== undefined && { model }),
    n: 1,
    temperature,
    top_p: topP,
    // Not of OpenAI's own API, so only sent when asked for; vLLM and SGLang know it.
    ...(topK > 0 && { top_k: topK }),
    max_tokens: maxTokens,
    ...(seed !== undefined && { seed }),
    stream: false,
    ...extra,
  };
}

const chatSchema = z.object({
  choices: z
    .array(
      z.object({
        message: z.object({
          content: z.string().nullish(),
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish(),
        }),
        finish_reason: finishReason,
      }),
    )
    .length(1),
  usage,
});

/** `POST /v1/chat/completions`: the server renders the conversation. */
export const openaiChat: Protocol = {
  body: (ask) => ({ messages: ask.messages, ...common(ask) }),
  reply(json) {
    const { choices, usage } = chatSchema.parse(json);
    const [choice] = choices;
    const reasoning = choice?.message.reasoning_content ?? choice?.message.reasoning;
    return {
      text: choice?.message.content ?? "",
      reasoning: reasoning ?? undefined,
      finishReason: choice?.finish_reason ?? null,
      tokens: usage?.completion_tokens,
    };
  },
};

const completionSchema = z.object({
  choices: z.array(z.object({ text: z.string(), finish_reason: finishReason })).length(1),
  usage,
});

/** `POST /v1/completions`: the prompt is a text that we rendered. */
export const openaiCompletions: Protocol = {
  body: (ask) => ({ prompt: ask.text, ...common(ask) }),
  reply(json) {
    const { choices, usage } = completionSchema.parse(json);
    return {
      text: choices[0]?.text ?? "",
      reasoning: undefined,
      finishReason: choices[0]?.finish_reason ?? null,
      tokens: usage?.completion_tokens,
    };
  },
};
