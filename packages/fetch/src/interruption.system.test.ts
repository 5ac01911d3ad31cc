import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
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

/** What an interrupted command has published: nothing that is not whole. */
const published = async (workspace: string): Promise<string[]> =>
  (await readdir(join(workspace, "store")).catch(() => [])).filter((name) => !name.startsWith("."));

/** The same command again with the server healed: it ends well, and what it publishes verifies. */
async function goesOn(workspace: string): Promise<void> {
  server.setFault(undefined);
  const { code, out } = await ended(start(workspace));
  expect(code).toBe(0);
  const last = JSON.parse(out.trim().split("\n").at(-1) ?? "") as {
    output: { model: { path: string } };
  };
  const verify = spawn(process.execPath, [
    BIN,
    "verify",
    resolve(workspace, last.output.model.path),
  ]);
  expect((await ended(verify)).code).toBe(0);
}

// Each starts three processes, which takes long on a busy machine; what is bounded is the time from the signal on.
describe("F23 the command", { timeout: 120_000 }, () => {
  it.each<NodeJS.Signals>(["SIGINT", "SIGTERM"])(
    "stops cleanly on %s, and goes on when it is run again",
    async (signal) => {
      const workspace = join(folder, signal);
      const child = start(workspace);
      let since = 0;
      hang(() => {
        since = performance.now();
        child.kill(signal);
      });
      const { code, out } = await ended(child);
      expect(performance.now() - since).toBeLessThan(10_000);
      expect(code).toBe(130);
      expect(JSON.parse(out.trim().split("\n").at(-1) ?? "")).toMatchObject({
        type: "summary",
        status: "interrupted",
      });
      expect(await published(workspace)).toEqual([]);
      await goesOn(workspace);
    },
  );

  it.each<NodeJS.Signals>(["SIGINT", "SIGTERM"])(
    "ends at once on a second %s, and goes on when it is run again",
    async (signal) => {
      const workspace = join(folder, `twice-${signal}`);
      const child = start(workspace);
      hang(() => child.kill(signal));
      let since = 0;
      child.stderr?.on("data", (data: Buffer) => {
        if (!data.toString().includes("stopping cleanly")) return;
        since = performance.now();
        child.kill(signal);
      });
      expect((await ended(child)).code).toBe(130);
      expect(since).toBeGreaterThan(0);
      expect(performance.now() - since).toBeLessThan(5_000);
      expect(await published(workspace)).toEqual([]);
      await goesOn(workspace);
    },
  );
});
