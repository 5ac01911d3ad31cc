import { z } from "zod";
import { complete, type CompletionRequest, type ResponseStep } from "../completion.ts";
import { sendJson, type Exchange } from "../http/exchange.ts";
import { HttpFailure, parseBody } from "../http/http-failure.ts";
import { answerFrame, streamAnswer } from "./answer.ts";
import { samplingFields } from "./sampling-schema.ts";
import { assertModel, encodePrompt, samplingSettings } from "./sampling-settings.ts";
import { chatLogProb } from "./token-text.ts";
import { usage } from "./usage.ts";

const textPart = z.looseObject({
  type: z.literal("text", "only text is supported"),
  text: z.string(),
});
const messageSchema = z.object({
  role: z.string().min(1).max(64),
  content: z
    .union([z.string(), z.array(textPart)])
    .transform((content) =>
      typeof content === "string" ? content : content.map(({ text }) => text).join(""),
    ),
  name: z.string().nullish(),
});

const none = (what: string): z.ZodType =>
  z.array(z.never(), `${what} are not supported`).max(0).nullish();
const bodySchema = z.strictObject({
  ...samplingFields,
  messages: z.array(messageSchema).min(1).max(4096),
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: z.object({ type: z.literal("text", "only text is supported") }).nullish(),
  tools: none("tools"),
  functions: none("functions"),
  tool_choice: z.enum(["none", "auto"]).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  modalities: z.array(z.literal("text", "only text is supported")).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  store: z.literal(false, "nothing is stored").nullish(),
  service_tier: z.string().nullish(),
  safety_identifier: z.string().nullish(),
  prompt_cache_key: z.string().nullish(),
});
type Body = z.output<typeof bodySchema>;

type LogProbs = { content: ReturnType<typeof chatLogProb>[]; refusal: null } | null;

/** `POST /v1/chat/completions` */
export async function chatRoute(exchange: Exchange): Promise<void> {
  const { engine, requests } = exchange;
  const body = parseBody(bodySchema, exchange.body);
  assertModel(exchange.model, body.model);
  const request = requestOf(exchange, body);
  const object = body.stream === true ? "chat.completion.chunk" : "chat.completion";
  const frame = answerFrame("chatcmpl", object, exchange.model);
  const logProbs = ({ tokens }: ResponseStep): LogProbs =>
    body.logprobs === true
      ? { content: tokens.map((token) => chatLogProb(engine.tokenizer, token)), refusal: null }
      : null;
  await requests.run(frame.id, exchange.signal, async (signal) => {
    const steps = complete(engine, request, signal);
    // What is refused is refused before anything is sent.
    const first = await steps.next();
    let generated = 0;
    const counts = (): ReturnType<typeof usage> => usage(request.prompts, generated);
    const all = async function* (): AsyncGenerator<ResponseStep> {
      for (let step = first; step.done !== true; step = await steps.next()) {
        if (step.value.kind !== "response") continue;
        generated += step.value.tokens.length;
        yield step.value;
      }
    };
    if (body.stream === true) {
      await streamAnswer(
        exchange,
        frame,
        deltas(all(), logProbs),
        body.stream_options?.include_usage === true ? counts : undefined,
      );
      return;
    }
    const choices = Array.from({ length: request.n }, (_, index) => ({
      index,
      message: { role: "assistant", content: "", refusal: null },
      logprobs: body.logprobs === true ? { content: [], refusal: null } : (null as LogProbs),
      finish_reason: null as string | null,
    }));
    for await (const step of all()) {
      const choice = choices[step.sample];
      if (choice === undefined) continue;
      choice.message.content += step.text;
      choice.logprobs?.content.push(...(logProbs(step)?.content ?? []));
      choice.finish_reason = step.finish?.kind ?? null;
    }
    await sendJson(exchange, { ...frame, choices, usage: counts() });
  });
}

/** The choices of a stream: first its role, then text, then why it ended. */
async function* deltas(
  steps: AsyncIterable<ResponseStep>,
  logProbs: (step: ResponseStep) => LogProbs,
): AsyncGenerator<object> {
  const begun = new Set<number>();
  const part = (
    index: number,
    delta: object,
    logprobs: LogProbs,
    finish: string | null,
  ): object => ({
    index,
    delta,
    logprobs,
    finish_reason: finish,
  });
  for await (const step of steps) {
    const { sample, text } = step;
    if (!begun.has(sample)) {
      begun.add(sample);
      yield part(sample, { role: "assistant", content: "" }, null, null);
    }
    const scores = logProbs(step);
    if (text !== "" || (scores?.content.length ?? 0) > 0)
      yield part(sample, { content: text }, scores, null);
    if (step.finish !== undefined) yield part(sample, {}, null, step.finish.kind);
  }
}

function requestOf({ engine }: Exchange, body: Body): CompletionRequest {
  const { tokenizer, service } = engine;
  const messages = body.messages.map(({ role, content }) => ({ role, content }));
  const text = tokenizer.renderChat(messages, { addGenerationPrompt: true });
  const prompt = encodePrompt(engine, text, "messages");
  if (body.top_logprobs != null && body.logprobs !== true) {
    throw new HttpFailure(400, "top_logprobs: needs logprobs", { param: "top_logprobs" });
  }
  // As long as the context allows, where nothing is said.
  const room = Math.max(service.contextLength - prompt.length, 1);
  return {
    ...samplingSettings(engine, body),
    prompts: [prompt],
    maxNewTokens: Math.max(body.max_completion_tokens ?? body.max_tokens ?? room, 1),
    topLogProbs: body.top_logprobs ?? 0,
    promptLogProbs: false,
  };
}
