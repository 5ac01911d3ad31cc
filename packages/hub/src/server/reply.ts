import type { ServerResponse } from "node:http";

/** The Hub's own words in `X-Error-Code`. */
export type HubErrorCode = "RepoNotFound" | "RevisionNotFound" | "EntryNotFound" | "GatedRepo";

export function sendJson(
  response: ServerResponse,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    ...headers,
  });
  response.end(body);
}

/** An error as the Hub sends it: JSON body, `X-Error-Code` where there is one, and `X-Error-Message`. */
export function sendError(
  response: ServerResponse,
  status: number,
  message: string,
  code?: HubErrorCode,
): void {
  const body = Buffer.from(JSON.stringify({ error: message }));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
    "x-error-message": message,
    ...(code === undefined ? {} : { "x-error-code": code }),
  });
  response.end(body);
}
