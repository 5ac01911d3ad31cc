import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { fileURLToPath } from "node:url";
import { createAdaptorServer } from "@hono/node-server";
import { PreflightError, UsageError } from "@moonlight-rl/core";
import type { Workspace } from "@moonlight-rl/pipeline";
import type { Fault } from "../api/fault.ts";
import { createApp } from "./app.ts";

export interface DashboardOptions {
  readonly workspace: Workspace;
  readonly version: string;
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** 0 takes a free one; default 0. */
  readonly port?: number | undefined;
  /** At least 16 characters. Without one, an address that others can reach gets a random one. */
  readonly token?: string | undefined;
  /** Folder of the built page; default the one beside this package's code. */
  readonly web?: string | undefined;
}

export interface Dashboard {
  /** What to open; with the token where there is one. */
  readonly url: string;
  readonly port: number;
  readonly token: string | undefined;
  /** Set in a repository where the page was not built; the API is served all the same. */
  readonly pageFault: Fault["error"] | undefined;
  /** Ends open event streams and connections. */
  close(): Promise<void>;
}

const TOKEN_LENGTH = 16;

/**
 * Serves the dashboard of a workspace until `close`.
 *
 * @throws UsageError UI_TOKEN_SHORT · PreflightError UI_PORT_TAKEN, UI_ADDRESS
 */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { workspace, version, host = "127.0.0.1", port = 0 } = options;
  const loopback = isLoopback(host);
  const token = options.token ?? (loopback ? undefined : randomBytes(24).toString("base64url"));
  if (token !== undefined && token.length < TOKEN_LENGTH) {
    throw new UsageError("UI_TOKEN_SHORT", "The token is too short to keep anybody out.", {
      field: "--token",
      hint: `Give at least ${TOKEN_LENGTH} characters, or leave it out: one is made up.`,
    });
  }
  const stop = new AbortController();
  const web = options.web ?? fileURLToPath(new URL("../../dist/web", import.meta.url));
  const { app, pageFault } = await createApp({
    workspace,
    version,
    web,
    token,
    loopback,
    signal: stop.signal,
  });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server & {
    closeAllConnections?: () => void;
  };
  await listen(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${name}:${taken}/${token === undefined ? "" : `?token=${token}`}`,
    port: taken,
    token,
    pageFault,
    async close() {
      stop.abort();
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections?.();
      await closed;
    },
  };
}

/** Whether an address is reached from this machine alone. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "EADDRINUSE") {
      throw new PreflightError("UI_PORT_TAKEN", `Port ${port} of ${host} is taken.`, {
        field: "--port",
        hint: "Choose another, or --port 0 for any free one.",
        cause,
      });
    }
    throw new PreflightError("UI_ADDRESS", `Cannot listen on ${host}:${port}: ${message}`, {
      field: code === "EACCES" ? "--port" : "--host",
      hint: "Give an address of this machine, such as 127.0.0.1 or 0.0.0.0.",
      cause,
    });
  }
}
