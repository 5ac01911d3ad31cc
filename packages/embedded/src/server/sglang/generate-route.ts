import { randomUUID } from "node:crypto";
import { complete, type CompletionRequest, type CompletionStep } from "../completion.ts";
import type { ScoredToken } from "../generation.ts";
import { openEventStream, sendJson, type Exchange } from "../http/exchange.ts";
import { failureOf, HttpFailure, parseBody } from "../http/http-failure.ts";
import { encodePrompt, freshSeed } from "../openai/sampling-settings.ts";
import { abortSchema, generateSchema, type GenerateBody } from "./generate-schema.ts";
import { GenerateResponse } from "./response.ts";

const DEFAULT_MAX_NEW_TOKENS = 128;

/** `POST /generate`: one object for one prompt and one sample, else a list. */
export async function generateRoute(exchange: Exchange): Promise<void> {
  const { engine, requests } = exchange;
  const body = parseBody(generateSchema, exchange.body);
  const request = requestOf(exchange, body);
  const { n, prompts } = request;
  const ids = responseIds(body, prompts.length);
  const responses = prompts.flatMap((prompt, index) =>
    Array.from(
      { length: n },
      () => new GenerateResponse(engine.tokenizer, body, ids[index] as string, prompt),
    ),
  );
  const several = Array.isArray(body.text) || Array.isArray(body.input_ids?.[0]) || n > 1;
  const scores = new Map<number, readonly ScoredToken[]>();
  /** Index of the response that the step belongs to. */
  const take = (step: CompletionStep): number | undefined => {
    if (step.kind === "prompt") {
      scores.set(step.prompt, step.tokens);
      return undefined;
    }
    const index = step.prompt * n + step.sample;
    responses[index]?.take(step);
    return index;
  };
  const json = (index: number): unknown =>
    responses[index]?.toJson(scores.get(Math.floor(index / n)));

  const work = async (signal: AbortSignal): Promise<void> => {
    const steps = complete(engine, request, signal);
    let step = await steps.next();
    if (body.stream !== true) {
      for (; step.done !== true; step = await steps.next()) take(step.value);
      await sendJson(exchange, several ? responses.map((_, index) => json(index)) : json(0));
      return;
    }
    const stream = openEventStream(exchange);
    try {
      for (; step.done !== true; step = await steps.next()) {
        const index = take(step.value);
        if (index === undefined) continue;
        const value = json(index) as object;
        await stream.send(several ? { ...value, index } : value);
        if (exchange.response.destroyed) break;
      }
    } catch (error) {
      await stream.send(failureOf(error).body);
    } finally {
      await steps.return();
    }
    await stream.end();
  };
  const named = [...new Set(ids)];
  const run = named.reduce<(signal: AbortSignal) => Promise<void>>(
    (inner, id) => (signal) => requests.run(id, signal, inner),
    work,
  );
  await run(exchange.signal);
}

/** `POST /abort_request` */
export async function abortRoute(exchange: Exchange): Promise<void> {
  const { rid, abort_all } = parseBody(abortSchema, exchange.body);
  if (abort_all === true) exchange.requests.abortAll();
  else if (rid != null) exchange.requests.abort(rid);
  else throw new HttpFailure(400, "rid: is needed, or abort_all", { param: "rid" });
  await sendJson(exchange, {});
}

/** The ids that `abort_request` may name: the client's, else fresh ones. */
function responseIds(body: GenerateBody, prompts: number): string[] {
  const { rid } = body;
  if (Array.isArray(rid) && rid.length !== prompts) {
    throw new HttpFailure(400, `rid: ${rid.length} ids for ${prompts} prompts`, { param: "rid" });
  }
  return Array.from(
    { length: prompts },
    (_, index) => (Array.isArray(rid) ? rid[index] : rid) ?? randomUUID(),
  );
}

function requestOf({ engine }: Exchange, body: GenerateBody): CompletionRequest {
  const { tokenizer, service } = engine;
  const params = body.sampling_params ?? {};
  const prompts = promptsOf(body).map((prompt) =>
    typeof prompt === "string" ? encodePrompt(engine, prompt, "text") : prompt,
  );
  const longest = prompts.reduce((most, prompt) => Math.max(most, prompt.length), 0);
  const { stop } = params;
  return {
    prompts,
    n: params.n ?? 1,
    temperature: params.temperature ?? 1,
    topP: params.top_p ?? 1,
    topK: params.top_k ?? 0,
    seed: params.sampling_seed ?? freshSeed(),
    // As SGLang does: no more than the context has room for; a prompt that fills it is refused.
    maxNewTokens: Math.min(
      params.max_new_tokens ?? DEFAULT_MAX_NEW_TOKENS,
      Math.max(service.contextLength - longest, 1),
    ),
    stop: typeof stop === "string" ? [stop] : (stop ?? []),
    stopTokenIds: [
      ...(params.ignore_eos === true ? [] : tokenizer.stopTokenIds),
      ...(params.stop_token_ids ?? []),
    ],
    skipSpecialTokens: params.skip_special_tokens ?? true,
    keepStop: params.no_stop_trim ?? false,
    topLogProbs: body.return_logprob === true ? (body.top_logprobs_num ?? 0) : 0,
    promptLogProbs: body.return_logprob === true && (body.logprob_start_len ?? -1) >= 0,
  };
}

function promptsOf({ text, input_ids }: GenerateBody): readonly (string | readonly number[])[] {
  if (text != null) return typeof text === "string" ? [text] : text;
  const ids = input_ids ?? [];
  return typeof ids[0] === "number" ? [ids as number[]] : (ids as number[][]);
}
