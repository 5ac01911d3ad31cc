import {
  isMoonlightError,
  MoonlightError,
  PreflightError,
  TemporaryError,
  throwIfAborted,
  UsageError,
  validate,
  VerificationError,
} from "@moonlight-rl/core";
import type { Dispatcher } from "undici";
import type { z } from "zod";
import { pauseFor } from "./pause.ts";
import type { RayEndpoint } from "./ray-endpoint.ts";
import { undici } from "./undici.ts";

export interface RayHttpOptions {
  /** How long one try may take. Default 30 s. */
  readonly timeoutMs?: number;
  /** How long a request may be tried again and again. Default 60 s. */
  readonly budgetMs?: number;
}

export interface RayCall {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number;
  readonly budgetMs?: number;
}

const TIMEOUT_MS = 30_000;
const BUDGET_MS = 60_000;
/** Ray reads a log into memory before it sends the first byte. */
const STREAM_TIMEOUT_MS = 300_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
/** A list of many jobs with their environments; logs do not go this way. */
const MAX_ANSWER = 32 << 20;
const LOOPBACK = /^https?:\/\/(?:127\.\d+\.\d+\.\d+|localhost|\[::1\])(?::|\/|$)/;

/** Requests to one job server: bounded in time and size, tried again where that helps, answered by coded errors. */
export class RayHttp {
  readonly endpoint: RayEndpoint;
  readonly dispatcher: Dispatcher;
  readonly #timeoutMs: number;
  readonly #budgetMs: number;

  constructor(endpoint: RayEndpoint, options: RayHttpOptions = {}) {
    this.endpoint = endpoint;
    const { Agent, EnvHttpProxyAgent } = undici();
    this.dispatcher = LOOPBACK.test(endpoint.url) ? new Agent() : new EnvHttpProxyAgent();
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#budgetMs = options.budgetMs ?? BUDGET_MS;
  }

  /** A JSON answer. A request is repeated after a lost connection, a timeout or a 5xx, so it must bear repeating. */
  async json<S extends z.ZodType>(
    method: "GET" | "POST" | "DELETE",
    path: string,
    schema: S,
    call: RayCall = {},
  ): Promise<z.output<S>> {
    const deadline = performance.now() + (call.budgetMs ?? this.#budgetMs);
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await this.#once(method, path, schema, call);
      } catch (error) {
        throwIfAborted(call.signal);
        if (!(error instanceof TemporaryError) || performance.now() + pause > deadline) throw error;
      }
      await pauseFor(pause * (0.75 + Math.random() / 2), call.signal);
    }
  }

  /** The bytes of an answer as they come; one try. */
  async *stream(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const answer = await this.#send("GET", path, { signal, timeoutMs: STREAM_TIMEOUT_MS });
    if (answer.statusCode !== 200)
      throw answerError(answer.statusCode, await boundedText(answer.body), this.endpoint.url);
    try {
      for await (const chunk of answer.body) yield chunk as Uint8Array;
    } catch (cause) {
      throwIfAborted(signal);
      throw unreachable(this.endpoint.url, cause);
    }
  }

  async close(): Promise<void> {
    await this.dispatcher.destroy();
  }

  async #once<S extends z.ZodType>(
    method: "GET" | "POST" | "DELETE",
    path: string,
    schema: S,
    call: RayCall,
  ): Promise<z.output<S>> {
    const answer = await this.#send(method, path, call);
    const text = await boundedText(answer.body).catch((cause: unknown) => {
      throw isMoonlightError(cause) ? cause : unreachable(this.endpoint.url, cause);
    });
    if (answer.statusCode !== 200) throw answerError(answer.statusCode, text, this.endpoint.url);
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw notRay(this.endpoint.url, "its answer is not JSON", cause);
    }
    return validate(schema, value, {
      what: `the answer of ${this.endpoint.url}${path}`,
      code: "RAY_ANSWER_INVALID",
      content: true,
    });
  }

  async #send(
    method: "GET" | "POST" | "DELETE",
    path: string,
    { body, signal, timeoutMs = this.#timeoutMs }: RayCall,
  ): Promise<Dispatcher.ResponseData> {
    throwIfAborted(signal);
    try {
      return await undici().request(this.endpoint.url + path, {
        method,
        headers: {
          ...this.endpoint.headers,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        dispatcher: this.dispatcher,
      });
    } catch (cause) {
      throwIfAborted(signal);
      throw unreachable(this.endpoint.url, cause);
    }
  }
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER)
      throw new VerificationError("RAY_ANSWER_INVALID", `An answer is over ${MAX_ANSWER} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function unreachable(url: string, cause: unknown): TemporaryError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new TemporaryError("RAY_UNREACHABLE", `${url} does not answer: ${why}`, {
    cause,
    field: "rayAddress",
    hint: "Is the cluster up, and is that the port of its dashboard? `curl URL/api/version` has to answer.",
  });
}

function notRay(url: string, why: string, cause?: unknown): VerificationError {
  return new VerificationError("RAY_ANSWER_INVALID", `${url} is no job server of Ray: ${why}.`, {
    field: "rayAddress",
    cause,
    hint: "Give the address of the dashboard, such as http://head:8265.",
  });
}

/** Ray answers faults with a Python traceback; its last line says what it is. */
function answerError(status: number, text: string, url: string): MoonlightError {
  const lines = text.split("\n").filter((line) => /\w/.test(line));
  const said = lines.at(-1)?.trim().slice(0, 500) ?? "";
  if (status === 401 || status === 403)
    return new PreflightError("RAY_UNAUTHORIZED", `${url} refuses us: ${said || status}`, {
      field: "rayAddress",
      hint: "Set RAY_AUTH_TOKEN_PATH to the cluster's token file (or RAY_AUTH_TOKEN to the token).",
    });
  if (status === 404 && /^Job .* does not exist$/.test(said))
    return new MoonlightError("RAY_JOB_NOT_FOUND", said, {
      hint: "The job was deleted, or the cluster was started anew since.",
    });
  if (status === 404) return notRay(url, `it answers 404 (${said.slice(0, 80)})`);
  if (status === 429 || status >= 500)
    return new TemporaryError("RAY_FAILED", `${url} answers ${status}: ${said}`, {
      hint: "Ray's own logs say more: dashboard*.log in the logs folder of the head's session.",
    });
  return new UsageError("RAY_REFUSED", `Ray refuses the request (${status}): ${said}`);
}
