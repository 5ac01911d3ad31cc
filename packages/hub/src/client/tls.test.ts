import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hubHandler } from "../server/hub-handler.ts";
import { downloadFixture, REPO, type DownloadFixture } from "../testing/download-fixture.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(950_001);
const hasOpenssl = ((): boolean => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!hasOpenssl)("a Hub that speaks TLS", () => {
  let folder: string;
  let fixture: DownloadFixture;
  let server: Server;
  let sockets = 0;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "hub-tls-"));
    const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
    const out = ["-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")];
    const kind = ["-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    execFileSync("openssl", ["req", ...kind, "-days", "1", ...name, ...out], { stdio: "ignore" });
    fixture = await downloadFixture({ [NAME]: CONTENT });
    const [key, cert] = ["key.pem", "cert.pem"].map((file) => readFileSync(join(folder, file)));
    const handler = await hubHandler({ root: fixture.root });
    server = createServer({ key, cert }, (request, response) => void handler(request, response));
    server.on("secureConnection", () => sockets++);
    server.on("tlsClientError", () => undefined);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await fixture.close();
    await rm(folder, { recursive: true });
  });

  /** A download in a process of its own; prints "done", or the error's code. */
  async function download(endpoint: string, directory: string, trust: boolean): Promise<string> {
    const script = `
      import { quickClient } from ${JSON.stringify(new URL("../../dist/testing/index.js", import.meta.url).href)};
      const client = quickClient(${JSON.stringify(endpoint)});
      try {
        const { commit } = await client.resolveRevision(${JSON.stringify(REPO)});
        await client.downloadRepo({ ...${JSON.stringify(REPO)}, commit, directory: ${JSON.stringify(directory)} });
        console.log("done");
      } catch (error) { console.log(error.code, error.exitCode); }
      await client.close();`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...(trust && { NODE_EXTRA_CA_CERTS: join(folder, "cert.pem") }) },
    });
    let out = "";
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (out += data.toString()));
    await once(child, "close");
    return out.trim();
  }

  it.each(["127.0.0.1", "localhost"])(
    "is read from over connections of our own too (%s)",
    async (host) => {
      const directory = await fixture.fresh();
      const before = sockets;
      expect(await download(url.replace("127.0.0.1", host), directory, true)).toBe("done");
      expect(readFileSync(join(directory, NAME)).equals(CONTENT)).toBe(true);
      // One of the general client, and at least one more.
      expect(sockets - before).toBeGreaterThan(1);
    },
  );

  it("F18 and shows a certificate that nobody has signed is refused", async () => {
    const directory = await fixture.fresh();
    expect(await download(url, directory, false)).toBe("HUB_UNREACHABLE 75");
  });
});
