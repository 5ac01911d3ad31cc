import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { npmEnvironment } from "@moonlight-rl/interop";
import { execa } from "execa";

/** A Verdaccio of our own: ours are published to it, everything else comes through it from the registry that npm is set to. */
export interface LocalRegistry {
  readonly url: string;
  close(): Promise<void>;
}

const VERDACCIO = "verdaccio@6.8.0";
const START_MS = 60_000;

/** Starts it on loopback with its storage in a folder. */
export async function startRegistry(folder: string): Promise<LocalRegistry> {
  const environment = await npmEnvironment({
    name: "verdaccio",
    package: VERDACCIO,
    // It asks for a tag that mirrors do not have.
    overrides: { "node-fetch": "2.7.0" },
  });
  const { stdout: uplink } = await execa("npm", ["config", "get", "registry"]);
  await mkdir(folder, { recursive: true });
  const config = join(folder, "config.json");
  await writeFile(config, JSON.stringify(configuration(folder, uplink.trim())));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const server = execa(
    process.execPath,
    [
      join(environment, "node_modules/verdaccio/bin/verdaccio"),
      "--config",
      config,
      "--listen",
      `127.0.0.1:${port}`,
    ],
    { cwd: folder, stdin: "ignore", all: true, reject: false, maxBuffer: 1 << 24 },
  );
  const end = Date.now() + START_MS;
  for (;;) {
    const answer = await fetch(new URL("-/ping", url)).catch(() => undefined);
    if (answer?.ok === true) break;
    if (server.exitCode !== null || Date.now() > end) {
      server.kill();
      throw new Error(`Verdaccio does not start: ${(await server).all}`);
    }
    await sleep(100);
  }
  return {
    url,
    async close() {
      server.kill();
      await server;
    },
  };
}

function configuration(folder: string, uplink: string): unknown {
  return {
    storage: join(folder, "storage"),
    auth: {},
    uplinks: { upstream: { url: uplink, cache: true } },
    packages: {
      "@moonlight-rl/*": { access: "$all", publish: "$all" },
      "**": { access: "$all", proxy: "upstream" },
    },
    middlewares: { audit: { enabled: false } },
    web: { enable: false },
    log: { type: "stdout", format: "pretty", level: "error" },
    max_body_size: "100mb",
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
