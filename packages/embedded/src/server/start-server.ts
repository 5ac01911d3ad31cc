import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { PreflightError } from "@moonlight-rl/core";
import type { Engine } from "./completion.ts";
import { GenerationService } from "./generation-service.ts";
import { SLOW_CLIENT_MS } from "./http/event-stream.ts";
import { sendJson, type Exchange } from "./http/exchange.ts";
import { failureOf, HttpFailure } from "./http/http-failure.ts";
import { BodyReader } from "./http/read-json.ts";
import { routeOf } from "./routes.ts";
import { RunningRequests } from "./running-requests.ts";
import { openServedModel } from "./served-model.ts";

export interface ServerOptions {
  /** A Hugging Face model folder, or a torch_dist checkpoint. */
  readonly checkpoint: string;
  /** The model folder of a torch_dist checkpoint: config and tokenizer. */
  readonly model?: string | undefined;
  /** Interface to listen on; default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: any free port. */
  readonly port?: number | undefined;
  /** What clients call the model; default: the model folder's name. */
  readonly name?: string | undefined;
  /** When set, every request but `/health` must carry `Authorization: Bearer <key>`. */
  readonly apiKey?: string | undefined;
  /** Sequences decoded at once. */
  readonly maxConcurrency?: number | undefined;
  /** Sequences that may wait beyond those; more are answered with 503. */
  readonly maxWaiting?: number | undefined;
  readonly threads?: number | undefined;
  /** Largest body; default 8 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** How long a client may leave what it asked for unread; default 30 s. */
  readonly slowClientMs?: number | undefined;
}

export interface GenerationServer {
  readonly url: string;
  readonly model: string;
  /**
   * Stops: takes nothing new, lets what runs end for up to `graceMs`, then ends it with what there is, and closes the engine.
   */
  close(graceMs?: number): Promise<void>;
}

const MAX_BODY_BYTES = 8 << 20;
/** Bodies that are read at the same time hold at most this many times the largest one. */
const BODIES_AT_ONCE = 16;
const MAX_CONNECTIONS = 4096;
const GRACE_MS = 10_000;
/** What aborted requests have to send their ends. */
const LAST_WORDS_MS = 500;

/**
 * Serves a model by OpenAI's protocol and SGLang's `/generate`. Throws what `openServedModel` and `GenerationService.start` throw,
 * and `SERVE_PORT_IN_USE`.
 *
 * @example
 * import { startServer } from "@moonlight-rl/embedded";
 *
 * const server = await startServer({ checkpoint: "./tiny-moonlight" });
 * const health = await fetch(`${server.url}/health`);
 * health.status; // 200
 * await server.close();
 */
export async function startServer(options: ServerOptions): Promise<GenerationServer> {
  const served = await openServedModel(options.checkpoint, options.model);
  const { maxConcurrency, maxWaiting, threads } = options;
  const service = await GenerationService.start({
    config: served.config,
    parameters: served.parameters,
    ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
    ...(maxWaiting === undefined ? {} : { maxWaiting }),
    ...(threads === undefined ? {} : { threads }),
  });
  const front = new Front(options, served.path, options.name ?? served.name, {
    service,
    tokenizer: served.tokenizer,
  });
  try {
    return await front.listen(options.host ?? "127.0.0.1", options.port ?? 0);
  } catch (error) {
    await service.close();
    throw error;
  }
}

class Front {
  readonly #options: ServerOptions;
  readonly #path: string;
  readonly #model: string;
  readonly #engine: Engine;
  readonly #bodies: BodyReader;
  readonly #requests = new RunningRequests();
  readonly #ending = new AbortController();
  readonly #server: Server;
  #running = 0;
  #closing = false;
  #idle: (() => void) | undefined;

  constructor(options: ServerOptions, path: string, model: string, engine: Engine) {
    this.#options = options;
    this.#path = path;
    this.#model = model;
    this.#engine = engine;
    const most = options.maxBodyBytes ?? MAX_BODY_BYTES;
    this.#bodies = new BodyReader(most, most * BODIES_AT_ONCE);
    this.#server = createServer(
      { requestTimeout: 60_000, headersTimeout: 20_000, keepAliveTimeout: 30_000 },
      (request, response) => void this.#handle(request, response),
    );
    this.#server.maxConnections = MAX_CONNECTIONS;
  }

  async listen(host: string, port: number): Promise<GenerationServer> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause: NodeJS.ErrnoException) => {
        reject(
          new PreflightError(
            cause.code === "EADDRINUSE" ? "SERVE_PORT_IN_USE" : "SERVE_ADDRESS",
            `Cannot listen on ${host}, port ${port}: ${cause.message}`,
            { cause, hint: "Choose another --port (0 takes a free one) or --host." },
          ),
        );
      });
      this.#server.listen(port, host, resolve);
    });
    const address = this.#server.address() as AddressInfo;
    const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
    return {
      url: `http://${name}:${address.port}`,
      model: this.#model,
      close: (graceMs = GRACE_MS) => this.#close(graceMs),
    };
  }

  /** Never rejects: a fault ends the response. */
  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => {
      if (!response.writableFinished) gone.abort();
    });
    // A client that is gone says so here; nothing else is to be done.
    response.on("error", () => undefined);
    const slowClientMs = this.#options.slowClientMs ?? SLOW_CLIENT_MS;
    this.#running++;
    try {
      await this.#answer(request, {
        engine: this.#engine,
        requests: this.#requests,
        model: this.#model,
        modelPath: this.#path,
        response,
        slowClientMs,
        signal: AbortSignal.any([gone.signal, this.#ending.signal]),
      });
    } catch (thrown) {
      if (response.headersSent) response.destroy();
      else await this.#refuse(request, response, failureOf(thrown), slowClientMs);
    } finally {
      if (--this.#running === 0) this.#idle?.();
    }
  }

  async #answer(request: IncomingMessage, exchange: Omit<Exchange, "body">): Promise<void> {
    const [path = "/"] = (request.url ?? "/").split("?", 1);
    if (path !== "/health" && !allowed(request, this.#options.apiKey)) {
      throw new HttpFailure(401, "The API key is missing or wrong.", { code: "invalid_api_key" });
    }
    if (this.#closing) throw new HttpFailure(503, "The server is stopping.");
    const method = request.method ?? "";
    const route = routeOf(exchange, path, method);
    const body = method === "POST" ? await this.#bodies.read(request) : undefined;
    await route({ ...exchange, body });
  }

  async #refuse(
    request: IncomingMessage,
    response: ServerResponse,
    failure: HttpFailure,
    slowClientMs: number,
  ): Promise<void> {
    if (response.destroyed) return;
    if (failure.status === 401) response.setHeader("www-authenticate", "Bearer");
    if (failure.status === 503) response.setHeader("retry-after", "1");
    // What the client still sends of its body is not waited for.
    if (!request.complete || this.#closing) response.setHeader("connection", "close");
    await sendJson({ response, slowClientMs }, failure.body, failure.status);
    if (!request.complete) request.destroy();
  }

  async #close(graceMs: number): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      const closed = new Promise<void>((resolve) => {
        this.#server.close(() => resolve());
      });
      await this.#settled(graceMs);
      this.#ending.abort();
      await this.#settled(LAST_WORDS_MS);
      this.#server.closeAllConnections();
      await closed;
    }
    await this.#engine.service.close();
  }

  /** Until nothing is being answered, or the time is up. */
  async #settled(most: number): Promise<void> {
    if (this.#running === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, most);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** Digests are compared, in constant time: neither content nor length of the key shows. */
function allowed(request: IncomingMessage, apiKey: string | undefined): boolean {
  if (apiKey === undefined) return true;
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(request.headers.authorization ?? ""), digest(`Bearer ${apiKey}`));
}
