import {
  PreflightError,
  TemporaryError,
  UsageError,
  type ErrorDetails,
  type MoonlightError,
} from "@moonlight-rl/core";
import { request, type Dispatcher } from "undici";
import { EndpointFault, retryAfterMs } from "./endpoint-fault.ts";
import { MAX_ANSWER_BYTES } from "./endpoint-options.ts";

export interface Post {
  readonly url: URL;
  readonly body: string;
  readonly apiKey: string | undefined;
  readonly dispatcher: Dispatcher;
  readonly timeoutMs: number;
  /** Aborts the request; the fault is then a consequence that the caller knows of. */
  readonly controller: AbortController;
}

/**
 * One try: sends JSON and gives the JSON that came back. Throws `EndpointFault` for what may pass, and an error for what will
 * not: `EVAL_ENDPOINT_DENIED`, `EVAL_ENDPOINT_NOT_FOUND`, `EVAL_ENDPOINT_REFUSED`, `EVAL_ENDPOINT_REDIRECT`, `EVAL_ENDPOINT_TLS`.
 */
export async function postJson(post: Post): Promise<unknown> {
  const { controller, timeoutMs } = post;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, timeoutMs);
  try {
    return await exchange(post);
  } catch (error) {
    if (late) {
      throw fault("overload", "timeout", `No answer within ${timeoutMs / 1000} seconds.`);
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function exchange(post: Post): Promise<unknown> {
  let response: Dispatcher.ResponseData;
  let text: string;
  try {
    response = await request(post.url, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(post.apiKey !== undefined && { authorization: `Bearer ${post.apiKey}` }),
      },
      body: post.body,
      dispatcher: post.dispatcher,
      signal: post.controller.signal,
    });
    text = await readText(response, post.controller);
  } catch (error) {
    throw connectionFault(error, post.url);
  }
  const { statusCode, headers } = response;
  if (statusCode >= 200 && statusCode < 300) return parse(text);
  const said = quote(text, post.apiKey);
  const message = `The endpoint answered HTTP ${statusCode}${said}`;
  const wait = retryAfterMs(headers, Date.now());
  const label = `HTTP ${statusCode}`;
  if (OVERLOAD.has(statusCode)) throw fault("overload", label, message, wait);
  if (statusCode >= 500 || statusCode === 409) throw fault("failure", label, message, wait);
  throw refusal(statusCode, message);
}

/** Too many requests, or somebody on the way who cannot reach the server. */
const OVERLOAD = new Set([408, 425, 429, 502, 503, 504, 529]);

function refusal(status: number, message: string): MoonlightError {
  if (status === 401 || status === 403) {
    return new PreflightError("EVAL_ENDPOINT_DENIED", message, {
      field: "apiKeyEnv",
      hint: "Name the environment variable that holds the key: --api-key-env NAME.",
    });
  }
  if (status === 404 || status === 405) {
    return new UsageError("EVAL_ENDPOINT_NOT_FOUND", message, {
      field: "endpoint",
      hint: "Check --endpoint, --api and --served-model: the server has no such method or model.",
    });
  }
  if (status < 400) {
    return new UsageError("EVAL_ENDPOINT_REDIRECT", message, {
      field: "endpoint",
      hint: "Redirects are not followed, as the key would go with them: give the final address.",
    });
  }
  return new UsageError("EVAL_ENDPOINT_REFUSED", message, {
    hint: "The server refuses the request itself. A field that it does not know can be left out with --no-send-seed or changed with --extra-body; a prompt that is too long needs a smaller --max-response-len.",
  });
}

async function readText(
  { body }: Dispatcher.ResponseData,
  controller: AbortController,
): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of body) {
    length += (part as Buffer).length;
    if (length > MAX_ANSWER_BYTES) {
      controller.abort();
      throw fault("failure", "too long", `An answer has more than ${MAX_ANSWER_BYTES >> 20} MiB.`);
    }
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    const message = `An answer is not JSON: ${(cause as Error).message}`;
    throw fault("failure", "no JSON", message, undefined, { cause });
  }
}

/** Certificates do not become valid by asking again. */
const TLS = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS|ERR_SSL|EPROTO/;

function connectionFault(error: unknown, url: URL): Error {
  if (error instanceof EndpointFault) return error;
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (TLS.test(code)) {
    return new PreflightError(
      "EVAL_ENDPOINT_TLS",
      `No secure connection to ${url.host}: ${code}.`,
      {
        field: "endpoint",
        hint: "Give Node your own certificate authority: NODE_EXTRA_CA_CERTS=FILE.",
        cause: error,
      },
    );
  }
  const text = `No connection to ${url.host}: ${code === "" ? message : code}.`;
  return fault("overload", "connection", text, undefined, { cause: error });
}

function fault(
  kind: EndpointFault["kind"],
  label: string,
  message: string,
  retryAfter?: number,
  details: ErrorDetails = {},
): EndpointFault {
  const error = new TemporaryError("EVAL_ENDPOINT_FAILING", message, {
    field: "endpoint",
    ...details,
  });
  return new EndpointFault(kind, label, error, retryAfter);
}

/** What the server says about it, without the key in case it repeats that. */
function quote(text: string, apiKey: string | undefined): string {
  const clean = apiKey === undefined ? text : text.replaceAll(apiKey, "[redacted]");
  const line = clean.replaceAll(/\s+/g, " ").trim().slice(0, 300);
  return line === "" ? "." : `: ${line}`;
}
