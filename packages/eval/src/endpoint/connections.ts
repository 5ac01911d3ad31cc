import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici";

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY"];

/** Connections that one pool looks after: for each request it looks through them for a free one. */
const SHARD = 64;

interface Shard {
  readonly pool: Dispatcher;
  readonly connections: number;
  busy: number;
}

/**
 * At most so many connections to a server: direct to this machine itself, else through the proxy of HTTP_PROXY, HTTPS_PROXY and
 * NO_PROXY. In pools of few, since a pool of 2,000 takes half a second to give each of them its first request.
 */
export class Connections {
  readonly #shards: readonly Shard[];

  constructor(url: URL, most: number) {
    const count = Math.ceil(most / SHARD);
    this.#shards = Array.from({ length: count }, (_, i) => {
      const connections = Math.floor(((i + 1) * most) / count) - Math.floor((i * most) / count);
      return { pool: poolTo(url, connections), connections, busy: 0 };
    });
  }

  /** Has work done with the pool that has the most room. */
  async use<T>(work: (pool: Dispatcher) => Promise<T>): Promise<T> {
    const shard = this.#shards.reduce((best, one) =>
      one.connections - one.busy > best.connections - best.busy ? one : best,
    );
    shard.busy++;
    try {
      return await work(shard.pool);
    } finally {
      shard.busy--;
    }
  }

  /** Closes connections that nothing is asked by: without an error for each. */
  async close(): Promise<void> {
    await Promise.all(this.#shards.map(async ({ pool }) => pool.close()));
  }

  /** Ends what is under way. */
  async destroy(): Promise<void> {
    await Promise.all(this.#shards.map(async ({ pool }) => pool.destroy()));
  }
}

function poolTo(url: URL, connections: number): Dispatcher {
  const options = {
    connections,
    pipelining: 1,
    connect: { timeout: 30_000 },
    // A long generation is silent until it is done: the request's own deadline is what ends it.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 10_000,
  };
  const proxied = PROXIES.some(
    (name) => (process.env[name] ?? process.env[name.toLowerCase()]) !== undefined,
  );
  return proxied && !LOOPBACK.test(url.hostname)
    ? new EnvHttpProxyAgent(options)
    : new Agent(options);
}
