import type { Json } from "@moonlight-rl/core";

export const APIS = ["openai-chat", "openai-completions", "sglang"] as const;
export type Api = (typeof APIS)[number];

/** A server that answers, and how it is asked. */
export interface EndpointOptions {
  /** Address: of the server, of its `/v1`, or of the method itself. */
  readonly url: string;
  readonly api: Api;
  /** The server's name of the model; SGLang's own API needs none. */
  readonly model: string | undefined;
  /** Sent as a bearer token; never written anywhere. */
  readonly apiKey: string | undefined;
  /** Most requests under way at once. */
  readonly concurrency: number;
  /** Until the whole answer is there. */
  readonly timeoutMs: number;
  /** Tries of a sample, the first included. */
  readonly attempts: number;
  /** Wait before the second try; doubles each time up to `MAX_BACKOFF_MS`. */
  readonly backoffMs: number;
  /** Whether requests carry the sample's seed. */
  readonly sendSeed: boolean;
  /** Further fields of the request (of its `sampling_params` for `sglang`); they win over ours. */
  readonly extraBody: Readonly<Record<string, Json>>;
}

export const MAX_BACKOFF_MS = 60_000;
/** A server that asks to wait longer than this is given up for now. */
export const MAX_RETRY_AFTER_MS = 600_000;
/** An answer of more bytes is no answer. */
export const MAX_ANSWER_BYTES = 64 << 20;
