import { Agent, EnvHttpProxyAgent, type Dispatcher } from "undici";

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/;

const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY"];

/** Connections to a server: direct to this machine itself, else through the proxy of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export function connectionsTo(url: URL, most: number): Dispatcher {
  const options = {
    connections: most,
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
