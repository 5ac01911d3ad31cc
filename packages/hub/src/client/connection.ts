import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici";

export interface Timeouts {
  /** Until a connection (with TLS) stands. */
  readonly connectMs: number;
  /** Until the response's headers are there. */
  readonly headersMs: number;
  /** The longest silence within a body. */
  readonly stallMs: number;
  /** A body slower than `minBytesPerSecond` over `trickleMs` is given up and asked for again. */
  readonly trickleMs: number;
  readonly minBytesPerSecond: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  connectMs: 15_000,
  headersMs: 60_000,
  stallMs: 30_000,
  trickleMs: 30_000,
  minBytesPerSecond: 1000,
};

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

/** Connection pools: direct for this machine itself, else through the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export class Connections {
  readonly #direct: Agent;
  readonly #proxied: EnvHttpProxyAgent | undefined;

  constructor(timeouts: Timeouts, environment: NodeJS.ProcessEnv) {
    const options = {
      connect: { timeout: timeouts.connectMs },
      headersTimeout: timeouts.headersMs,
      bodyTimeout: timeouts.stallMs,
      keepAliveTimeout: 10_000,
    };
    this.#direct = new Agent(options);
    const proxy = (name: string): string | undefined =>
      environment[name.toLowerCase()] ?? environment[name];
    const [http, https] = [proxy("HTTP_PROXY"), proxy("HTTPS_PROXY")];
    if ((http ?? "") !== "" || (https ?? "") !== "")
      this.#proxied = new EnvHttpProxyAgent({
        ...options,
        httpProxy: http ?? "",
        httpsProxy: https ?? "",
        noProxy: proxy("NO_PROXY") ?? "",
      });
  }

  to(url: URL): Dispatcher {
    return LOOPBACK.test(url.hostname) ? this.#direct : (this.#proxied ?? this.#direct);
  }

  /** Whether requests go to the address itself. */
  isDirect(url: URL): boolean {
    return this.to(url) === this.#direct && this.#proxied === undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#direct.destroy(), this.#proxied?.destroy()]);
  }
}
