import { InterruptedError, isMoonlightError } from "@moonlight-rl/core";
import { request, type Dispatcher } from "undici";
import type { z } from "zod";
import { Connections, type Timeouts } from "./connection.ts";
import { DirectConnections, type BodySink } from "./direct-connections.ts";
import { badResponse, networkError, statusError, type Headers, type Purpose } from "./hub-error.ts";
import { Retriable, withRetries, type RetryPolicy } from "./retry.ts";

export interface HubResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Dispatcher.ResponseData["body"];
  /** Where the answer came from, after redirects. */
  readonly url: URL;
}

export interface SendOptions {
  readonly purpose: Purpose;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

const MAX_REDIRECTS = 5;
/** Of requests before a download; within one, the whole policy applies. */
const UNREACHABLE_RETRIES = 2;
const MAX_JSON_BYTES = 64 << 20;

/** HTTP with the Hub's manners: the token goes to the endpoint's own origin only, never along with a redirect. */
export class HubHttp {
  readonly endpoint: URL;
  readonly timeouts: Timeouts;
  readonly retry: RetryPolicy;
  readonly #token: string | undefined;
  readonly #userAgent: string;
  readonly #connections: Connections;
  readonly #bulk: DirectConnections;

  constructor(options: {
    readonly endpoint: URL;
    readonly token: string | undefined;
    readonly timeouts: Timeouts;
    readonly retry: RetryPolicy;
    readonly userAgent: string;
    readonly environment: NodeJS.ProcessEnv;
  }) {
    this.endpoint = options.endpoint;
    this.timeouts = options.timeouts;
    this.retry = options.retry;
    this.#token = options.token;
    this.#userAgent = options.userAgent;
    this.#connections = new Connections(options.timeouts, options.environment);
    this.#bulk = new DirectConnections(options.timeouts);
  }

  /** An address below the endpoint, which may itself have a path (mirrors). */
  address(path: string): URL {
    return new URL(this.endpoint.href.replace(/\/$/, "") + path);
  }

  /** One GET, redirects followed by hand; throws `Retriable` on network faults and returns whatever status came. */
  async get(start: URL, options: SendOptions): Promise<HubResponse> {
    let url = start;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#send(url, options);
      const location = response.headers["location"];
      if (response.status < 300 || response.status > 399 || location === undefined) return response;
      await discard(response);
      url = redirected(url, location, options.purpose);
    }
    throw badResponse(
      `${options.purpose}: more than ${MAX_REDIRECTS} redirects from ${start.host}`,
    );
  }

  /** GET of a JSON document with retries, bounded in size and validated. */
  async getJson<S extends z.ZodType>(
    url: URL,
    schema: S,
    options: SendOptions,
  ): Promise<{ value: z.output<S>; headers: Headers; url: URL }> {
    let unreachable = 0;
    return await withRetries(this.retry, options.signal, async () => {
      const response = await this.get(url, options).catch((error: unknown) => {
        const code = error instanceof Retriable ? error.error.code : undefined;
        if (code === "HUB_UNREACHABLE") unreachable++;
        // Nothing is lost yet: whoever mistyped an address shall not wait for it.
        throw error instanceof Retriable && unreachable > UNREACHABLE_RETRIES ? error.error : error;
      });
      if (response.status !== 200) {
        await discard(response);
        throw statusError(response.status, response.headers, response.url, options.purpose);
      }
      const text = await this.#text(response, options.purpose);
      const parsed = schema.safeParse(parse(text, response, options.purpose));
      if (parsed.success)
        return { value: parsed.data, headers: response.headers, url: response.url };
      const issue = parsed.error.issues[0];
      throw badResponse(
        `${options.purpose}: ${response.url.host} sent ${issue?.path.join(".") ?? "a value"}: ${issue?.message ?? "invalid"}`,
        parsed.error,
      );
    });
  }

  /** Whether `getInto` can be used: not through a proxy. */
  canGetInto(url: URL): boolean {
    return this.#connections.isDirect(url);
  }

  /** GET of a body straight into memory, from an address that `get` has led to; false when the sink refuses the answer. */
  async getInto(
    url: URL,
    sink: BodySink,
    options: SendOptions & { readonly signal: AbortSignal },
  ): Promise<boolean> {
    try {
      return await this.#bulk.get(url, this.#headers(url, options), sink, options.signal);
    } catch (error) {
      if (options.signal.aborted) throw new InterruptedError();
      if (isMoonlightError(error) || error instanceof Retriable) throw error;
      throw networkError(error, url, options.purpose);
    }
  }

  async close(): Promise<void> {
    this.#bulk.close();
    await this.#connections.close();
  }

  async #send(url: URL, options: SendOptions): Promise<HubResponse> {
    try {
      const { statusCode, headers, body } = await request(url, {
        dispatcher: this.#connections.to(url),
        headers: this.#headers(url, options),
        signal: options.signal ?? null,
      });
      return { status: statusCode, headers: flat(headers), body, url };
    } catch (error) {
      if (options.signal?.aborted) throw new InterruptedError();
      throw networkError(error, url, options.purpose);
    }
  }

  #headers(url: URL, options: SendOptions): Record<string, string> {
    const trusted = url.origin === this.endpoint.origin && this.#token !== undefined;
    return {
      "user-agent": this.#userAgent,
      // A compressed body would make ranges and lengths mean something else.
      "accept-encoding": "identity",
      ...options.headers,
      ...(trusted ? { authorization: `Bearer ${this.#token}` } : {}),
    };
  }

  async #text(response: HubResponse, purpose: Purpose): Promise<string> {
    const blocks: Buffer[] = [];
    let size = 0;
    try {
      for await (const block of response.body) {
        blocks.push(block as Buffer);
        size += (block as Buffer).length;
        if (size > MAX_JSON_BYTES) break;
      }
    } catch (error) {
      throw networkError(error, response.url, purpose);
    }
    if (size > MAX_JSON_BYTES)
      throw badResponse(`${purpose}: ${response.url.host} sent more than ${MAX_JSON_BYTES} bytes`);
    return Buffer.concat(blocks).toString("utf8");
  }
}

/** Ends a response that is not wanted without reading an unbounded body. */
export async function discard(response: HubResponse): Promise<void> {
  await response.body.dump({ limit: 65_536 }).catch(() => undefined);
}

function redirected(from: URL, location: string, purpose: Purpose): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  if (to === undefined || (to.protocol !== "https:" && to.protocol !== "http:"))
    throw badResponse(
      `${purpose}: ${from.host} redirects to ${JSON.stringify(location.slice(0, 200))}`,
    );
  if (from.protocol === "https:" && to.protocol === "http:")
    throw badResponse(`${purpose}: ${from.host} redirects from https to http`);
  return to;
}

/** A JSON document cut short parses as nothing; that may pass, so it is asked for again. */
function parse(text: string, response: HubResponse, purpose: Purpose): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new Retriable(badResponse(`${purpose}: ${response.url.host} sent no JSON`, cause));
  }
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      Array.isArray(value) ? value.join(", ") : value,
    ]),
  );
}
