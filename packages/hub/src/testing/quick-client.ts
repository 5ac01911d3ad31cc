import { HubClient, type HubClientOptions } from "../client/hub-client.ts";

/** A client that does not wait between tries and takes small ranges, so that tests see many of them soon. */
export function quickClient(endpoint: string, options: Partial<HubClientOptions> = {}): HubClient {
  return new HubClient({
    endpoint,
    connections: 4,
    rangeBytes: 100_000,
    environment: {},
    ...options,
    retry: { retries: 3, baseDelayMs: 0, maxDelayMs: 0, maxRetryAfterMs: 2000, ...options.retry },
    timeouts: { stallMs: 10_000, headersMs: 10_000, ...options.timeouts },
  });
}
