import { z } from "zod";
import { MAX_TOP_LOG_PROBS } from "../assert-generation.ts";
import { complete, type CompletionRequest, type ResponseStep } from "../completion.ts";
import type { ScoredToken } from "../generation.ts";
import { sendJson, type Exchange } from "../http/exchange.ts";
import { HttpFailure, parseBody } from "../http/http-failure.ts";
import { answerFrame, streamAnswer } from "./answer.ts";
import { samplingFields } from "./sampling-schema.ts";
import { assertModel, encodePrompt, samplingSettings } from "./sampling-settings.ts";
import { completionLogProbs, type CompletionLogProbs } from "./token-text.ts";
import { usage } from "./usage.ts";

const tokens = z.array(z.int().nonnegative()).min(1);
const bodySchema = z.strictObject({
  ...samplingFields,
  prompt: z.union([
    z.string().min(1),
    tokens,
    z.array(z.string().min(1)).min(1).max(2048),
    z.array(tokens).min(1).max(2048),
  ]),
  logprobs: z.int().min(0).max(MAX_TOP_LOG_PROBS).nullish(),
  echo: z.boolean().nullish(),
  best_of: z.int().nullish(),
  suffix: z.literal("", "suffix is not supported").nullish(),
});
type Body = z.output<typeof bodySchema>;

const DEFAULT_MAX_TOKENS = 16;

interface Choice {
  text: string;
  index: number;
  logprobs: CompletionLogProbs | null;
  finish_reason: string | null;
}

/** `POST /v1/completions` */
export async function completionsRoute(exchange: Exchange): Promise<void> {
  const { engine, requests } = exchange;
  const body = parseBody(bodySchema, exchange.body);
  assertModel(exchange.model, body.model);
  const request = requestOf(exchange, body);
  const frame = answerFrame("cmpl", "text_completion", exchange.model);
  await requests.run(frame.id, exchange.signal, async (signal) => {
    const responses = new Responses(exchange, body, request);
    const steps = complete(engine, request, signal);
    const first = await steps.next();
    const all = async function* (): AsyncGenerator<Choice> {
      if (first.done === true) return;
      yield* responses.take(first.value);
      for await (const step of steps) yield* responses.take(step);
    };
    const counts = (): ReturnType<typeof usage> => usage(request.prompts, responses.generated);
    if (body.stream !== true) {
      for await (const choice of all()) responses.add(choice);
      await sendJson(exchange, { ...frame, choices: responses.choices, usage: counts() });
      return;
    }
    const parts = async function* (): AsyncGenerator<Choice> {
      for await (const choice of all())
        if (choice.text !== "" || choice.logprobs !== null || choice.finish_reason !== null)
          yield choice;
    };
    const counted = body.stream_options?.include_usage === true;
    await streamAnswer(exchange, frame, parts(), counted ? counts : undefined);
  });
}

function requestOf({ engine }: Exchange, body: Body): CompletionRequest {
  const prompts = promptsOf(body.prompt).map((prompt) =>
    typeof prompt === "string" ? encodePrompt(engine, prompt, "prompt") : prompt,
  );
  const settings = samplingSettings(engine, body);
  if (body.best_of != null && body.best_of !== settings.n) {
    throw new HttpFailure(400, "best_of: only the value of n is supported", { param: "best_of" });
  }
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
  const room = Math.max(engine.service.contextLength - longest, 1);
  const maxNewTokens = body.max_tokens ?? Math.min(DEFAULT_MAX_TOKENS, room);
  if (maxNewTokens === 0 && body.echo !== true) {
    throw new HttpFailure(400, "max_tokens: 0 is of use with echo only", { param: "max_tokens" });
  }
  return {
    ...settings,
    prompts,
    maxNewTokens,
    topLogProbs: body.logprobs ?? 0,
    promptLogProbs: body.echo === true && body.logprobs != null,
  };
}

function promptsOf(prompt: Body["prompt"]): readonly (string | readonly number[])[] {
  if (typeof prompt === "string") return [prompt];
  return typeof prompt[0] === "number"
    ? [prompt as number[]]
    : (prompt as readonly (string | number[])[]);
}

/** Steps → parts of choices, and parts → whole choices. */
class Responses {
  readonly choices: Choice[];
  generated = 0;
  readonly #exchange: Exchange;
  readonly #body: Body;
  readonly #request: CompletionRequest;
  readonly #echoed = new Set<number>();
  readonly #offsets: number[];
  readonly #prompts = new Map<number, readonly ScoredToken[]>();

  constructor(exchange: Exchange, body: Body, request: CompletionRequest) {
    this.#exchange = exchange;
    this.#body = body;
    this.#request = request;
    const count = request.prompts.length * request.n;
    this.#offsets = Array.from({ length: count }, () => 0);
    this.choices = this.#offsets.map((_, index) => ({
      text: "",
      index,
      logprobs: null,
      finish_reason: null,
    }));
  }

  *take(
    step: ResponseStep | { kind: "prompt"; prompt: number; tokens: readonly ScoredToken[] },
  ): Generator<Choice> {
    if (step.kind === "prompt") {
      this.#prompts.set(step.prompt, step.tokens);
      return;
    }
    const index = step.prompt * this.#request.n + step.sample;
    this.generated += step.tokens.length;
    if (this.#body.echo === true && !this.#echoed.has(index)) {
      this.#echoed.add(index);
      yield this.#echo(index, step.prompt);
    }
    yield this.#part(index, step.text, step.tokens, step.finish?.kind ?? null);
  }

  add({ index, text, logprobs, finish_reason }: Choice): void {
    const choice = this.choices[index] as Choice;
    choice.text += text;
    choice.finish_reason ??= finish_reason;
    if (choice.logprobs === null) choice.logprobs = logprobs;
    else if (logprobs !== null) {
      choice.logprobs.tokens.push(...logprobs.tokens);
      choice.logprobs.token_logprobs.push(...logprobs.token_logprobs);
      choice.logprobs.top_logprobs.push(...logprobs.top_logprobs);
      choice.logprobs.text_offset.push(...logprobs.text_offset);
    }
  }

  #echo(index: number, prompt: number): Choice {
    const ids = this.#request.prompts[prompt] as readonly number[];
    const scored = [{ token: ids[0] as number }, ...(this.#prompts.get(prompt) ?? [])];
    return this.#part(index, this.#exchange.engine.tokenizer.decode(ids), scored, null);
  }

  #part(
    index: number,
    text: string,
    scored: readonly (ScoredToken | { readonly token: number })[],
    finish: string | null,
  ): Choice {
    const wanted = this.#body.logprobs != null && scored.length > 0;
    const logprobs = wanted
      ? completionLogProbs(this.#exchange.engine.tokenizer, scored, this.#offsets[index] as number)
      : null;
    const length = logprobs?.tokens.reduce((sum, token) => sum + token.length, 0) ?? 0;
    this.#offsets[index] = (this.#offsets[index] as number) + length;
    return { text, index, logprobs, finish_reason: finish };
  }
}
