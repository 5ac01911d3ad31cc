import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { stat } from "node:fs/promises";
import { PreflightError } from "@moonlight-rl/core";
import { hubHandler } from "./hub-handler.ts";

export interface HubServerOptions {
  /** Folder with `models/<org>/<name>/` and `datasets/<org>/<name>/`. */
  readonly root: string;
  /** Interface to listen on; default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** When set, every request must carry `Authorization: Bearer <token>`. */
  readonly token?: string;
  /** Called after each response. */
  readonly onRequest?: (request: {
    readonly method: string;
    readonly path: string;
    readonly status: number;
  }) => void;
}

export interface HubServer {
  /** `http://host:port`, what HF_ENDPOINT wants. */
  readonly url: string;
  /** Stops listening and ends open connections. */
  close(): Promise<void>;
}

/**
 * Serves a folder by the Hub protocol, read-only. `main` and the current commit are the revisions there are.
 *
 * Errors: `HUB_ROOT_MISSING` (no such folder), `HUB_PORT_IN_USE`.
 *
 * @example
 * import { HubClient, startHubServer } from "@moonlight-rl/hub";
 *
 * const server = await startHubServer({ root: "./mirror" });
 * const client = new HubClient({ endpoint: server.url });
 * const repository = { type: "dataset", repo: "moonlight-rl/tiny-aime", revision: "main" } as const;
 * console.log((await client.resolveRevision(repository)).commit);
 * await client.close();
 * await server.close();
 */
export async function startHubServer(options: HubServerOptions): Promise<HubServer> {
  const info = await stat(options.root).catch(() => undefined);
  if (info?.isDirectory() !== true)
    throw new PreflightError("HUB_ROOT_MISSING", `${options.root} is not a folder`, {
      file: options.root,
      hint: "Name a folder that holds models/<org>/<name>/ or datasets/<org>/<name>/.",
    });
  const handler = await hubHandler(options);
  return await listen(
    (request, response) => {
      response.once("close", () => {
        options.onRequest?.({
          method: request.method ?? "",
          path: request.url ?? "",
          status: response.statusCode,
        });
      });
      void handler(request, response);
    },
    options.host ?? "127.0.0.1",
    options.port ?? 0,
  );
}

/** Listens with a request handler; shared with the fault kit of `@moonlight-rl/hub/testing`. */
export async function listen(
  handler: RequestListener,
  host: string,
  port: number,
): Promise<HubServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      reject(
        cause.code === "EADDRINUSE"
          ? new PreflightError("HUB_PORT_IN_USE", `Port ${port} of ${host} is taken`, {
              cause,
              hint: "Choose another --port, or 0 for any free one.",
            })
          : cause,
      );
    });
    server.listen(port, host, resolve);
  });
  const address = server.address() as AddressInfo;
  const name = address.family === "IPv6" ? `[${address.address}]` : address.address;
  return {
    url: `http://${name}:${address.port}`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}
