import type { IncomingMessage, ServerResponse } from "node:http";
import { hubHandler } from "../server/hub-handler.ts";
import { listen } from "../server/hub-server.ts";

/** Answers a request wrongly, or returns false to let the real Hub server answer it. */
export type Fault = (
  request: IncomingMessage,
  response: ServerResponse,
) => boolean | Promise<boolean>;

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

export interface FaultServer {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** Replaces the fault; undefined = behave. */
  setFault(fault: Fault | undefined): void;
  close(): Promise<void>;
}

/** The real Hub server with a fault in front of it, on loopback: for tests of what reads from a Hub. */
export async function startFaultServer(options: {
  readonly root: string;
  readonly token?: string;
  readonly fault?: Fault;
}): Promise<FaultServer> {
  const handler = await hubHandler(options);
  const requests: SeenRequest[] = [];
  let fault = options.fault;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { headers } = request;
    requests.push({
      method: request.method ?? "",
      path: request.url ?? "",
      range: headers.range,
      ifRange: headers["if-range"] as string | undefined,
      authorization: headers.authorization,
    });
    if (fault !== undefined && (await fault(request, response))) return;
    await handler(request, response);
  };
  const server = await listen(
    (request, response) => {
      answer(request, response).catch(() => response.destroy());
    },
    "127.0.0.1",
    0,
  );
  return {
    url: server.url,
    requests,
    setFault(next) {
      fault = next;
    },
    close: () => server.close(),
  };
}
