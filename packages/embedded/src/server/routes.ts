import { chatRoute } from "./openai/chat-route.ts";
import { completionsRoute } from "./openai/completions-route.ts";
import { sendJson, type Exchange } from "./http/exchange.ts";
import { HttpFailure } from "./http/http-failure.ts";
import { abortRoute, generateRoute } from "./sglang/generate-route.ts";

type Route = (exchange: Exchange) => Promise<void>;

/** What is answered, by path and method. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  "/health": { GET: health },
  "/health_generate": { GET: healthGenerate },
  "/v1/models": { GET: models },
  "/v1/completions": { POST: completionsRoute },
  "/v1/chat/completions": { POST: chatRoute },
  "/generate": { POST: generateRoute },
  "/abort_request": { POST: abortRoute },
  "/get_model_info": { GET: modelInfo },
};

/** The model's own page stands under a path of its own. */
export function routeOf(exchange: Pick<Exchange, "model">, path: string, method: string): Route {
  const known = path === `/v1/models/${exchange.model}` ? { GET: model } : ROUTES[path];
  if (known === undefined) throw new HttpFailure(404, `There is no ${path}.`);
  const route = known[method === "HEAD" ? "GET" : method];
  if (route !== undefined) return route;
  throw new HttpFailure(405, `${path} takes ${Object.keys(known).join(", ")}.`);
}

async function health(exchange: Exchange): Promise<void> {
  const healthy = exchange.engine.service.healthy;
  await sendJson(exchange, { status: healthy ? "ok" : "engine ended" }, healthy ? 200 : 503);
}

/** Whether a token can be generated, as SGLang's watchers ask. */
async function healthGenerate(exchange: Exchange): Promise<void> {
  const generation = exchange.engine.service.generate({
    prompt: [0],
    promptIndex: 0,
    n: 1,
    temperature: 0,
    topP: 1,
    topK: 0,
    maxNewTokens: 1,
    stopTokenIds: [],
    seed: 0,
    topLogProbs: 0,
    promptLogProbs: false,
  });
  let tokens = 0;
  for await (const event of generation) if (event.kind === "token") tokens++;
  await sendJson(exchange, { status: tokens === 1 ? "ok" : "failed" }, tokens === 1 ? 200 : 503);
}

function card({ model, engine }: Exchange): object {
  return {
    id: model,
    object: "model",
    created: 0,
    owned_by: "moonlight-rl",
    max_model_len: engine.service.contextLength,
  };
}

async function models(exchange: Exchange): Promise<void> {
  await sendJson(exchange, { object: "list", data: [card(exchange)] });
}

async function model(exchange: Exchange): Promise<void> {
  await sendJson(exchange, card(exchange));
}

async function modelInfo(exchange: Exchange): Promise<void> {
  const { modelPath, model, engine } = exchange;
  await sendJson(exchange, {
    model_path: modelPath,
    tokenizer_path: modelPath,
    served_model_name: model,
    is_generation: true,
    context_length: engine.service.contextLength,
    vocab_size: engine.service.config.vocab_size,
  });
}
