import type { ServerResponse } from "node:http";
import type { Engine } from "../completion.ts";
import type { RunningRequests } from "../running-requests.ts";
import { endResponse, EventStream } from "./event-stream.ts";

/** What a route has to work with. */
export interface Exchange {
  readonly engine: Engine;
  readonly requests: RunningRequests;
  /** The name that the model is served by. */
  readonly model: string;
  /** Where the model lies, as SGLang's clients ask. */
  readonly modelPath: string;
  readonly body: unknown;
  readonly response: ServerResponse;
  /** Fires when the client is gone, or the server must stop. */
  readonly signal: AbortSignal;
  readonly slowClientMs: number;
}

export async function sendJson(
  { response, slowClientMs }: Pick<Exchange, "response" | "slowClientMs">,
  value: unknown,
  status = 200,
): Promise<void> {
  const body = Buffer.from(JSON.stringify(value));
  response.writeHead(status, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
  });
  await endResponse(response, slowClientMs, body);
}

export function openEventStream({ response, slowClientMs }: Exchange): EventStream {
  return new EventStream(response, slowClientMs);
}
