import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startFaultServer, type FaultServer } from "@moonlight-rl/hub/testing";
import { assetsDirectory, MODEL } from "@moonlight-rl/tiny-moonlight";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

const BIN = fileURLToPath(new URL("../bin/moonlight-fetch.js", import.meta.url));
let folder: string;
let server: FaultServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fetch-interruption-"));
  server = await startFaultServer({ root: assetsDirectory });
});
afterEach(() => {
  server.setFault(undefined);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function start(workspace: string): ChildProcess {
  const args = [BIN, MODEL, "--endpoint", server.url, "--workspace", workspace, "--json"];
  const environment = { ...process.env, HF_HOME: join(folder, "home"), HF_TOKEN: "" };
  return spawn(process.execPath, args, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; out: string }> {
  let out = "";
  child.stdout?.on("data", (data: Buffer) => (out += data.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out };
}

/** Lets the server hang from the weights on, and calls back when they are asked for. */
function hang(onAsked: () => void): void {
  server.setFault((request) => {
    if (request.url?.endsWith("/model.safetensors") !== true) return false;
    onAsked();
    return true;
  });
}

describe("F23 the command", () => {
  it.each<NodeJS.Signals>(["SIGINT", "SIGTERM"])(
    "stops cleanly on %s, and goes on when it is run again",
    async (signal) => {
      const workspace = join(folder, signal);
      const child = start(workspace);
      hang(() => child.kill(signal));
      const { code, out } = await ended(child);
      expect(code).toBe(130);
      expect(JSON.parse(out.trim().split("\n").at(-1) ?? "")).toMatchObject({
        type: "summary",
        status: "interrupted",
      });
      server.setFault(undefined);
      expect((await ended(start(workspace))).code).toBe(0);
    },
  );

  it("ends at once on a second one, and goes on when it is run again", async () => {
    const workspace = join(folder, "twice");
    const child = start(workspace);
    hang(() => child.kill("SIGINT"));
    child.stderr?.on("data", (data: Buffer) => {
      if (data.toString().includes("stopping cleanly")) child.kill("SIGINT");
    });
    expect((await ended(child)).code).toBe(130);
    server.setFault(undefined);
    expect((await ended(start(workspace))).code).toBe(0);
  });
});
