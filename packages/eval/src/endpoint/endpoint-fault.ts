import type { MoonlightError } from "@moonlight-rl/core";

/** Why a try failed that may succeed later. `overload`: the server has too much to do, or cannot be reached. */
export type FaultKind = "overload" | "failure";

/** A try that failed in a way that may pass. `error` is what the user gets when it does not. */
export class EndpointFault extends Error {
  readonly kind: FaultKind;
  /** A few words for counts: "HTTP 429", "timeout", "connection". */
  readonly label: string;
  readonly error: MoonlightError;
  /** What the server asked us to wait. */
  readonly retryAfterMs: number | undefined;

  constructor(kind: FaultKind, label: string, error: MoonlightError, retryAfterMs?: number) {
    super(error.message);
    this.kind = kind;
    this.label = label;
    this.error = error;
    this.retryAfterMs = retryAfterMs;
  }
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Milliseconds that `Retry-After` (seconds or a date) or `retry-after-ms` asks for. */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const exact = Number(text(headers["retry-after-ms"]) ?? Number.NaN);
  if (Number.isFinite(exact) && exact >= 0) return exact;
  const value = text(headers["retry-after"]);
  if (value === undefined) return undefined;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function text(header: string | string[] | undefined): string | undefined {
  return (Array.isArray(header) ? header[0] : header)?.trim();
}
