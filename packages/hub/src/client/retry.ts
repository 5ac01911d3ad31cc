import { setTimeout as sleepFor } from "node:timers/promises";
import { InterruptedError, TemporaryError, type MoonlightError } from "@moonlight-rl/core";

export interface RetryPolicy {
  /** Tries after the first one before giving up; an attempt that moved the transfer on starts the count again. */
  readonly retries: number;
  /** Wait before the first retry; doubles each time up to `maxDelayMs`, then shortened at random by up to half. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** The longest `Retry-After` that is waited for; a longer one is an error that says when to come back. */
  readonly maxRetryAfterMs: number;
}

export const DEFAULT_RETRY: RetryPolicy = {
  retries: 6,
  baseDelayMs: 500,
  maxDelayMs: 30_000,
  maxRetryAfterMs: 300_000,
};

/** A fault that may pass: `error` is what the caller sees when it does not. */
export class Retriable extends Error {
  readonly error: MoonlightError;
  /** What the server asked us to wait. */
  readonly retryAfterMs: number | undefined;
  /** The attempt brought the transfer on, so it does not count against the limit. */
  readonly progressed: boolean;
  /** The server has said that it has too much to do. */
  readonly congestion: boolean;

  constructor(
    error: MoonlightError,
    options: {
      readonly retryAfterMs?: number | undefined;
      readonly progressed?: boolean;
      readonly congestion?: boolean;
    } = {},
  ) {
    super(error.message);
    this.error = error;
    this.retryAfterMs = options.retryAfterMs;
    this.progressed = options.progressed ?? false;
    this.congestion = options.congestion ?? false;
  }
}

/** Runs `attempt` until it returns, throws something other than `Retriable`, or the policy is used up. */
export async function withRetries<T>(
  policy: RetryPolicy,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw new InterruptedError();
      if (!(error instanceof Retriable)) throw error;
      failures = error.progressed ? 1 : failures + 1;
      if (failures > policy.retries) throw error.error;
      if ((error.retryAfterMs ?? 0) > policy.maxRetryAfterMs) throw tooLong(error);
      await sleep(error.retryAfterMs ?? backoff(policy, failures), signal);
    }
  }
}

function backoff(policy: RetryPolicy, failures: number): number {
  const delay = Math.min(policy.baseDelayMs * 2 ** (failures - 1), policy.maxDelayMs);
  return delay * (1 - Math.random() / 2);
}

async function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
  } catch {
    throw new InterruptedError();
  }
}

function tooLong(fault: Retriable): TemporaryError {
  const seconds = Math.ceil((fault.retryAfterMs ?? 0) / 1000);
  return new TemporaryError(fault.error.code, `${fault.error.message} (retry after ${seconds} s)`, {
    cause: fault.error,
    hint: `The Hub asks to wait ${seconds} seconds; run the same command again then, nothing finished is fetched twice.`,
  });
}

/** Milliseconds that `Retry-After` (seconds or a date) or the Hub's `RateLimit` header (`t=` seconds) asks for. */
export function retryAfterMs(
  headers: Readonly<Record<string, string | undefined>>,
  now: number,
): number | undefined {
  const value = headers["retry-after"]?.trim();
  if (value !== undefined && /^\d+$/.test(value)) return Number(value) * 1000;
  const date = value === undefined ? Number.NaN : Date.parse(value);
  if (!Number.isNaN(date)) return Math.max(0, date - now);
  const reset = /\bt=(\d+)/.exec(headers["ratelimit"] ?? "")?.[1];
  return reset === undefined ? undefined : Number(reset) * 1000;
}
