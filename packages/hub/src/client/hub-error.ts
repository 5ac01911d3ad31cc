import {
  PreflightError,
  TemporaryError,
  UsageError,
  VerificationError,
  type MoonlightError,
} from "@moonlight-rl/core";
import { Retriable, retryAfterMs } from "./retry.ts";

export type Headers = Readonly<Record<string, string | undefined>>;

/** What a request was for, in words: "dataset org/name", "config.json of model org/name". */
export type Purpose = string;

/** The error that a status other than 2xx means; a `Retriable` when asking again may help. */
export function statusError(
  status: number,
  headers: Headers,
  url: URL,
  purpose: Purpose,
): MoonlightError | Retriable {
  const said = headers["x-error-message"];
  const message = `${purpose}: ${url.host} answered ${status}${said === undefined ? "" : ` (${said.slice(0, 300)})`}`;
  const code = headers["x-error-code"];
  if (code === "GatedRepo")
    return new PreflightError("HUB_GATED", message, {
      hint: "Accept the repository's conditions on its web page, then set HF_TOKEN to a token of that account.",
    });
  if (status === 404 || code === "RepoNotFound" || code === "RevisionNotFound")
    return new UsageError("HUB_NOT_FOUND", message, { hint: notFoundHint(code) });
  if (status === 401 || status === 403)
    return new PreflightError("HUB_UNAUTHORIZED", message, {
      hint: "Set HF_TOKEN to a token that may read this repository.",
    });
  const wait = {
    retryAfterMs: retryAfterMs(headers, Date.now()),
    congestion: status === 429 || status === 503,
  };
  if (status === 429)
    return new Retriable(
      new TemporaryError("HUB_RATE_LIMITED", message, {
        hint: "Wait a while and run the same command again, or set HF_TOKEN for a higher limit.",
      }),
      wait,
    );
  if (status >= 500 || status === 408 || status === 425)
    return new Retriable(
      new TemporaryError("HUB_SERVER_ERROR", message, {
        hint: "The Hub has trouble; run the same command again later, nothing finished is fetched twice.",
      }),
      wait,
    );
  return badResponse(message);
}

/** The answer breaks the protocol; it is not used. */
export function badResponse(message: string, cause?: unknown): VerificationError {
  return new VerificationError("HUB_BAD_RESPONSE", message, {
    hint: "Check that HF_ENDPOINT is a Hub and that no proxy changes its answers.",
    ...(cause === undefined ? {} : { cause }),
  });
}

const TRANSFER = new Set([
  "UND_ERR_BODY_TIMEOUT",
  "UND_ERR_SOCKET",
  "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
  "ECONNRESET",
  "EPIPE",
]);

/** A failure below HTTP: no connection (`HUB_UNREACHABLE`) or one that broke or fell silent (`HUB_TRANSFER_FAILED`). */
export function networkError(cause: unknown, url: URL, purpose: Purpose): Retriable {
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  const why = (cause as Error).message || code;
  if (TRANSFER.has(code))
    return new Retriable(
      new TemporaryError("HUB_TRANSFER_FAILED", `${purpose}: transfer from ${url.host}: ${why}`, {
        cause,
        hint: "Run the same command again: it goes on where it stopped.",
      }),
    );
  return new Retriable(
    new TemporaryError("HUB_UNREACHABLE", `${purpose}: cannot reach ${url.host}: ${why}`, {
      cause,
      hint: "Check the network, HTTPS_PROXY and HF_ENDPOINT (a mirror, or a folder served by `moonlight hub serve`).",
    }),
  );
}

function notFoundHint(code: string | undefined): string {
  if (code === "RevisionNotFound")
    return "The repository has no such branch, tag or commit; try main.";
  if (code === "EntryNotFound") return "The repository has no such file at this revision.";
  return "Check the spelling of org/name and of the kind (model or dataset); a private repository needs HF_TOKEN.";
}
