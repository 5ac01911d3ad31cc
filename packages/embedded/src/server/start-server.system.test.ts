import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { loadTokenizer, type Tokenizer } from "@moonlight-rl/tokenizer";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadParameters } from "../engine/load-parameters.ts";
import { createSampler } from "../engine/sampler.ts";
import type { Sampler } from "../engine/types.ts";
import { startServer, type GenerationServer } from "./start-server.ts";

const folder = join(assetsDirectory, "models", MODEL);
let server: GenerationServer;
let sampler: Sampler;
let tokenizer: Tokenizer;

beforeAll(async () => {
  server = await startServer({
    checkpoint: folder,
    maxConcurrency: 32,
    maxWaiting: 600,
    threads: 1,
  });
  sampler = await createSampler({ ...(await loadParameters(folder)), threads: 1 });
  tokenizer = await loadTokenizer(folder);
});
afterAll(async () => {
  await server.close(0);
  await sampler.close();
});

interface Choice {
  text: string;
  index: number;
  finish_reason: string | null;
  message: { role: string; content: string };
  delta: { role?: string; content?: string };
  logprobs: {
    tokens: string[];
    token_logprobs: (number | null)[];
    text_offset: number[];
    content: { token: string; logprob: number; top_logprobs: unknown[] }[];
  } | null;
}
interface Answer {
  id: string;
  object: string;
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number; total_tokens: number };
  error: { message: string; type: string; param: string | null; code: string | null };
  text: string;
  output_ids: number[];
  meta_info: {
    id: string;
    finish_reason: { type: string; matched?: unknown } | null;
    output_token_logprobs: [number, number, string | null][];
    input_token_logprobs: [number | null, number, string | null][];
  };
}

async function post(path: string, body: unknown, init: RequestInit = {}): Promise<Response> {
  return await fetch(server.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
  });
}

async function answer<T = Answer>(path: string, body: unknown, status = 200): Promise<T> {
  const response = await post(path, body);
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text) as T;
}

/** The data of a stream, without the closing mark. */
async function streamed(path: string, body: object): Promise<Answer[]> {
  const text = await (await post(path, { ...body, stream: true })).text();
  const lines = text.split("\n\n").filter((line) => line !== "");
  expect(lines.at(-1)).toBe("data: [DONE]");
  return lines.slice(0, -1).map((line) => JSON.parse(line.slice("data: ".length)) as Answer);
}

const question = (i: number): string => `${10 + (i % 90)} + ${10 + ((i * 7) % 90)} = ?`;
const chat = (i: number, more: object = {}): object => ({
  messages: [{ role: "user", content: question(i) }],
  max_tokens: 24,
  seed: i,
  ...more,
});

/** What the sampler itself says to a question. */
async function expected(i: number, n = 1): Promise<string[]> {
  const samples = await sampler.generate({
    prompts: [tokenizer.encodeChat([{ role: "user", content: question(i) }])],
    n,
    temperature: 1,
    maxNewTokens: 24,
    stopTokenIds: tokenizer.stopTokenIds,
    seed: i,
  });
  return samples.map(({ tokens }) => tokenizer.decode(tokens, { skipSpecialTokens: true }));
}

describe("chat", () => {
  it("answers as the sampler does for the seed, whole and streamed", async () => {
    const texts = await expected(3, 2);
    const body = chat(3, { n: 2, logprobs: true, top_logprobs: 2 });
    const whole = await answer("/v1/chat/completions", body);
    expect(whole.choices.map(({ message }) => message.content)).toEqual(texts);
    expect(whole.choices.map(({ finish_reason }) => finish_reason)).toEqual(["stop", "stop"]);
    const content = whole.choices[0]?.logprobs?.content ?? [];
    expect(content.map(({ token }) => token).join("")).toBe(`${texts[0]}<|im_end|>`);
    expect(content[0]?.top_logprobs).toHaveLength(2);
    const chunks = await streamed("/v1/chat/completions", {
      ...body,
      stream_options: { include_usage: true },
    });
    const parts = chunks.flatMap(({ choices }) => choices);
    for (const index of [0, 1]) {
      const own = parts.filter((part) => part.index === index);
      expect(own[0]?.delta.role).toBe("assistant");
      expect(own.map(({ delta }) => delta.content ?? "").join("")).toBe(texts[index]);
      expect(own.filter(({ finish_reason }) => finish_reason !== null)).toHaveLength(1);
    }
    expect(chunks.at(-1)?.usage).toEqual(whole.usage);
    expect(whole.usage.prompt_tokens).toBe(18);
  });

  it("takes content in parts, and stop texts", async () => {
    const parts = [{ type: "text", text: question(4) }];
    const [text] = await expected(4);
    const whole = await answer("/v1/chat/completions", {
      ...chat(4),
      messages: [{ role: "user", content: parts }],
      stop: ["}"],
    });
    expect(whole.choices[0]?.message.content).toBe(text?.split("}")[0]);
    expect(whole.choices[0]?.finish_reason).toBe("stop");
  });
});

describe("completions", () => {
  it("takes texts and token ids, one or many", async () => {
    const one = { max_tokens: 4, seed: 9, ignore_eos: true };
    const ids = tokenizer.encode("12 + 3");
    const byText = await answer("/v1/completions", { ...one, prompt: "12 + 3" });
    const byIds = await answer("/v1/completions", { ...one, prompt: ids });
    const many = await answer("/v1/completions", { ...one, prompt: [ids, ids], n: 2 });
    expect(byIds.choices[0]?.text).toBe(byText.choices[0]?.text);
    expect(many.choices.map(({ index }) => index)).toEqual([0, 1, 2, 3]);
    expect(many.choices[0]?.text).toBe(byText.choices[0]?.text);
    expect(many.usage).toEqual({ prompt_tokens: 8, completion_tokens: 16, total_tokens: 24 });
    expect(byText.choices[0]?.finish_reason).toBe("length");
  });

  it("scores a prompt that is echoed, also without generating", async () => {
    const body = { prompt: "12 + 30", echo: true, logprobs: 1, seed: 1 };
    const scored = await answer("/v1/completions", { ...body, max_tokens: 0 });
    const [choice] = scored.choices;
    const { text, logprobs, finish_reason } = choice ?? { text: "", logprobs: null };
    expect(text).toBe("12 + 30");
    expect(finish_reason).toBe("length");
    expect(logprobs?.tokens.join("")).toBe("12 + 30");
    expect(logprobs?.token_logprobs[0]).toBeNull();
    expect(logprobs?.text_offset).toEqual([0, 1, 2, 5, 6]);
    const more = await answer("/v1/completions", { ...body, max_tokens: 1 });
    expect(more.choices[0]?.logprobs?.token_logprobs.slice(0, 5)).toEqual(logprobs?.token_logprobs);
    const chunks = await streamed("/v1/completions", { ...body, max_tokens: 1 });
    expect(chunks.map(({ choices }) => choices[0]?.text).join("")).toBe(more.choices[0]?.text);
  });
});

describe("generate", () => {
  it("gives text, ids and log-probs as SGLang does", async () => {
    const ids = tokenizer.encodeChat([{ role: "user", content: question(5) }]);
    const body = {
      input_ids: ids,
      sampling_params: {
        temperature: 1,
        max_new_tokens: 24,
        sampling_seed: 5,
        no_stop_trim: true,
        skip_special_tokens: false,
        spaces_between_special_tokens: false,
      },
      return_logprob: true,
      logprob_start_len: 0,
    };
    const whole = await answer("/generate", body);
    const [text] = await expected(5);
    expect(whole.text).toBe(`${text}<|im_end|>`);
    expect(whole.meta_info.finish_reason).toEqual({ type: "stop", matched: 8 });
    expect(whole.meta_info.output_token_logprobs.map(([, id]) => id)).toEqual(whole.output_ids);
    expect(whole.meta_info.input_token_logprobs.map(([, id]) => id)).toEqual(ids);
    const chunks = await streamed("/generate", body);
    expect(chunks.at(-1)?.text).toBe(whole.text);
    const several = await answer<Answer[]>("/generate", { ...body, input_ids: [ids, ids] });
    expect(several).toHaveLength(2);
    expect(several[0]?.output_ids).toEqual(whole.output_ids);
  });

  it("ends by abort_request with what there is", async () => {
    const long = {
      text: "1",
      rid: "mine",
      stream: true,
      sampling_params: { max_new_tokens: 120, ignore_eos: true, n: 400 },
    };
    const response = await post("/generate", long);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await answer("/abort_request", { rid: "mine" });
    const decoder = new TextDecoder();
    let text = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += decoder.decode(part.value, { stream: true });
    }
    expect(text).toContain('"type":"abort"');
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
  });
});

describe("the server", () => {
  it("loses and mixes nothing with 200 requests at once", async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, number) => {
        const i = number % 40;
        if (number % 3 === 0) {
          const whole = await answer("/v1/chat/completions", chat(i));
          return whole.choices[0]?.message.content;
        }
        const chunks = await streamed("/v1/chat/completions", chat(i));
        return chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("");
      }),
    );
    for (let i = 0; i < 40; i++) {
      const [text] = await expected(i);
      for (let number = i; number < 200; number += 40) expect(answers[number]).toBe(text);
    }
  });

  it("tells its model and health", async () => {
    const get = async (path: string): Promise<unknown> =>
      (await fetch(server.url + path)).json() as Promise<unknown>;
    expect(await get("/health")).toEqual({ status: "ok" });
    expect(await get("/health_generate")).toEqual({ status: "ok" });
    expect(await get("/v1/models")).toMatchObject({ data: [{ id: "tiny-moonlight" }] });
    expect(await get("/v1/models/tiny-moonlight")).toMatchObject({ max_model_len: 128 });
    expect(await get("/get_model_info")).toMatchObject({ is_generation: true, model_path: folder });
  });

  it("refuses by field, in OpenAI's shape", async () => {
    const cases: [string, unknown, number, string | null][] = [
      ["/v1/completions", "{", 400, null],
      ["/v1/completions", { prompt: "1", temprature: 1 }, 400, "temprature"],
      ["/v1/completions", { prompt: "1", max_tokens: 1000 }, 400, "max_tokens"],
      ["/v1/completions", { prompt: [4, 128] }, 400, "prompt"],
      ["/v1/completions", { prompt: "1".repeat(100_000) }, 400, "prompt"],
      ["/v1/completions", { prompt: "1", frequency_penalty: 1 }, 400, "frequency_penalty"],
      ["/v1/completions", { prompt: "1", model: "gpt-4" }, 404, "model"],
      ["/v1/completions", { prompt: "1", n: 1000 }, 400, "n"],
      ["/v1/chat/completions", { messages: [] }, 400, "messages"],
      ["/v1/chat/completions", { messages: [{ role: "x", content: "" }], tools: [{}] }, 400, null],
      ["/generate", { text: "1", input_ids: [1] }, 400, "text"],
      ["/generate", { text: "1", sampling_params: { regex: "a" } }, 400, "sampling_params.regex"],
      ["/abort_request", {}, 400, "rid"],
      ["/nothing", {}, 404, null],
      ["/health", {}, 405, null],
    ];
    for (const [path, body, status, param] of cases) {
      const { error } = await answer(path, body, status);
      expect(error.type).toBe("invalid_request_error");
      if (param !== null) expect(error.param, error.message).toBe(param);
      expect(error.message).not.toBe("");
    }
    const large = await post("/generate", `"${"x".repeat(9 << 20)}"`).catch(() => undefined);
    expect(large?.status ?? 413).toBe(413);
    const foreign = await post("/generate", "{}", { headers: { "content-type": "text/plain" } });
    expect(foreign.status).toBe(415);
  });

  it("answers whatever body with a refusal or a result, and lives on", async () => {
    const known = fc.constantFrom(
      "prompt",
      "messages",
      "n",
      "stop",
      "temperature",
      "top_p",
      "logprobs",
      "text",
      "input_ids",
      "sampling_params",
      "stream",
      "echo",
      "seed",
      "rid",
    );
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc.dictionary(known, fc.jsonValue()).map((value) => JSON.stringify(value)),
    );
    const path = fc.constantFrom(
      "/v1/completions",
      "/v1/chat/completions",
      "/generate",
      "/abort_request",
    );
    await fc.assert(
      fc.asyncProperty(path, body, async (to, text) => {
        const response = await post(to, text);
        const content = await response.text();
        expect([200, 400, 404]).toContain(response.status);
        if (response.status !== 200) {
          expect(JSON.parse(content)).toHaveProperty("error.message");
        }
      }),
      { numRuns: 300 },
    );
    expect((await fetch(`${server.url}/health_generate`)).status).toBe(200);
  });

  it("stops generating for a client that is gone", async () => {
    const small = await startServer({
      checkpoint: folder,
      maxConcurrency: 8,
      maxWaiting: 192,
      threads: 1,
    });
    const request = (path: string, body: object): string => {
      const text = JSON.stringify(body);
      return `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    };
    const long = { text: "1", sampling_params: { max_new_tokens: 120, ignore_eos: true, n: 200 } };
    const open = async (): Promise<Socket> => {
      const socket = connect(Number(new URL(small.url).port), "127.0.0.1");
      await once(socket, "connect");
      return socket;
    };
    const full = async (): Promise<boolean> => {
      const response = await fetch(`${small.url}/generate`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: "1", sampling_params: { max_new_tokens: 1 } }),
      });
      await response.text();
      return response.status === 503;
    };
    const leaver = await open();
    leaver.write(request("/generate", { ...long, stream: true }));
    await once(leaver, "data");
    expect(await full()).toBe(true);
    leaver.destroy();
    await until(async () => !(await full()));
    await small.close(0);
  });

  it("asks for the key, and stops gracefully", async () => {
    const guarded = await startServer({
      checkpoint: folder,
      apiKey: "secret",
      name: "mine",
      threads: 1,
    });
    const get = (key?: string): Promise<Response> =>
      fetch(`${guarded.url}/v1/models`, {
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      });
    expect((await get()).status).toBe(401);
    expect((await get("secreT")).status).toBe(401);
    expect(await (await get("secret")).json()).toMatchObject({ data: [{ id: "mine" }] });
    expect((await fetch(`${guarded.url}/health`)).status).toBe(200);
    const running = fetch(`${guarded.url}/v1/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer secret" },
      body: JSON.stringify({ prompt: "1", n: 8, max_tokens: 80, ignore_eos: true, stream: true }),
    });
    const response = await running;
    const closing = guarded.close(20_000);
    const text = await response.text();
    await closing;
    expect(text.match(/"finish_reason":"length"/g)).toHaveLength(8);
    await expect(get("secret")).rejects.toThrow();
  });

  it("serves a torch_dist checkpoint with its model's folder", async () => {
    const scratch = await mkdtemp(join(tmpdir(), "moonlight-serve-"));
    try {
      const model = await openHfModel(folder);
      await writeTorchDist(scratch, {
        iteration: 7,
        tensors: megatronSources(model.config, {
          dtypeOf: (name) => model.tensors.get(name)?.dtype,
          read: (name) => model.read(name),
        }),
        args: megatronArgs(model.config),
      });
      await expect(startServer({ checkpoint: scratch })).rejects.toMatchObject({
        code: "SERVE_MODEL_NEEDED",
      });
      const trained = await startServer({ checkpoint: scratch, model: folder, threads: 1 });
      const response = await fetch(`${trained.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(chat(8)),
      });
      const whole = (await response.json()) as Answer;
      await trained.close(0);
      expect(whole.choices[0]?.message.content).toBe((await expected(8))[0]);
    } finally {
      await rm(scratch, { recursive: true });
    }
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error("it never came");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
