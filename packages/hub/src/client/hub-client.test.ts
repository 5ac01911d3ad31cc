import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REPO } from "../testing/download-fixture.ts";
import { startFaultServer, type FaultServer } from "../testing/fault-server.ts";
import { quickClient } from "../testing/quick-client.ts";
import { listAs, listFiles } from "../testing/faults/listing.ts";
import { startTunnelProxy } from "../testing/faults/tunnel-proxy.ts";
import { makeRepo, seededBytes } from "../testing/repo-fixture.ts";
import { HubClient, type HubClientOptions } from "./hub-client.ts";

const OID = "0".repeat(40);

let root: string;
let server: FaultServer;
const clients: HubClient[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hub-client-"));
  await makeRepo(root, "model", REPO.repo, {
    "config.json": "{}\n",
    "empty.json": "",
    "README.md": "# read me",
    "model-00001-of-00002.safetensors": seededBytes(300_001, 1),
    "model-00002-of-00002.safetensors": seededBytes(70_000, 2),
  });
});
beforeEach(async () => {
  server = await startFaultServer({ root });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});
afterAll(() => rm(root, { recursive: true }));

function client(options: Partial<HubClientOptions> = {}, url = server.url): HubClient {
  const made = quickClient(url, options);
  clients.push(made);
  return made;
}

describe("downloadRepo", () => {
  it("brings the needed files, says what it left and reports bytes", async () => {
    const directory = join(root, "plain");
    const made = client();
    const { commit } = await made.resolveRevision(REPO);
    const seen: number[] = [];
    const result = await made.downloadRepo({
      ...REPO,
      commit,
      directory,
      onProgress: (progress) => seen.push(progress.done),
    });
    expect(Object.keys(result.files).sort()).toEqual([
      "config.json",
      "empty.json",
      "model-00001-of-00002.safetensors",
      "model-00002-of-00002.safetensors",
    ]);
    expect(result.files["config.json"]).toEqual({
      // `printf '{}\n' | sha256sum`
      sha256: "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
      size: 3,
    });
    expect(result.leftOut.map((file) => file.path)).toEqual(["README.md"]);
    expect(result.bytes).toEqual({ total: 370_004, fetched: 370_004, kept: 0, reread: 0 });
    expect(seen.at(-1)).toBe(370_004);
    const before = server.requests.length;
    const again = await made.downloadRepo({ ...REPO, commit, directory });
    expect(again.bytes).toMatchObject({ fetched: 0, kept: 370_004 });
    expect(server.requests.slice(before).map((r) => r.path)).toEqual([
      expect.stringContaining("/tree/"),
    ]);
  });

  it("F23 stops when interrupted and goes on later", async () => {
    const directory = join(root, "interrupted");
    const controller = new AbortController();
    const made = client({ connections: 1 });
    const { commit } = await made.resolveRevision(REPO);
    const stopped = made.downloadRepo({
      ...REPO,
      commit,
      directory,
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.done > 250_000) controller.abort();
      },
    });
    await expect(stopped).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    const result = await made.downloadRepo({ ...REPO, commit, directory });
    expect(result.bytes.kept).toBeGreaterThanOrEqual(200_000);
    expect(result.bytes.fetched + result.bytes.kept).toBe(370_004);
  });

  it("F19 refuses a disk that is too small before the first byte", async () => {
    listAs(server, [{ type: "file", path: "model.safetensors", size: 2 ** 50, oid: OID }]);
    const made = client();
    const { commit } = await made.resolveRevision(REPO);
    await expect(
      made.downloadRepo({ ...REPO, commit, directory: join(root, "full") }),
    ).rejects.toMatchObject({ code: "DISK_FULL", exitCode: 3 });
    expect(server.requests.some((request) => request.path.includes("/resolve/"))).toBe(false);
  });

  it("F20 names a folder that cannot be written", async () => {
    await writeFile(join(root, "taken"), "a file");
    const made = client();
    const { commit } = await made.resolveRevision(REPO);
    await expect(
      made.downloadRepo({ ...REPO, commit, directory: join(root, "taken") }),
    ).rejects.toMatchObject({ code: "DISK_UNWRITABLE", exitCode: 3 });
  });
});

describe("downloadFile", () => {
  it("brings one file", async () => {
    const made = client();
    const { commit } = await made.resolveRevision(REPO);
    const directory = join(root, "one");
    const file = await made.downloadFile({ ...REPO, commit, directory, path: "README.md" });
    expect(file.size).toBe(9);
    expect(await readFile(join(directory, "README.md"), "utf8")).toBe("# read me");
    await expect(
      made.downloadFile({ ...REPO, commit, directory, path: "none" }),
    ).rejects.toMatchObject({ code: "HUB_NOT_FOUND" });
  });
});

describe("errors", () => {
  const answerWith = (status: number, headers: Record<string, string> = {}): void => {
    server.setFault((_, response) => {
      response.writeHead(status, headers).end("{}");
      return true;
    });
  };

  it.each([
    [404, "RepoNotFound", "HUB_NOT_FOUND", 2],
    [401, "RepoNotFound", "HUB_NOT_FOUND", 2],
    [404, "RevisionNotFound", "HUB_NOT_FOUND", 2],
    [403, "GatedRepo", "HUB_GATED", 3],
    [401, undefined, "HUB_UNAUTHORIZED", 3],
    [403, undefined, "HUB_UNAUTHORIZED", 3],
    [418, undefined, "HUB_BAD_RESPONSE", 4],
  ])("F17 %i %s is %s", async (status, code, error, exitCode) => {
    answerWith(status, code === undefined ? {} : { "x-error-code": code });
    await expect(client().resolveRevision(REPO)).rejects.toMatchObject({
      code: error,
      exitCode,
      hint: expect.any(String),
    });
    expect(server.requests).toHaveLength(1);
  });

  it("F18 says when nobody listens, when the other end speaks no TLS, and when there is no such name", async () => {
    const gone = await startFaultServer({ root });
    await gone.close();
    await expect(client({}, gone.url).resolveRevision(REPO)).rejects.toMatchObject({
      code: "HUB_UNREACHABLE",
      exitCode: 75,
      hint: expect.stringContaining("HF_ENDPOINT"),
    });
    const plain = server.url.replace("http:", "https:");
    await expect(client({}, plain).resolveRevision(REPO)).rejects.toMatchObject({
      code: "HUB_UNREACHABLE",
    });
    // A name that never exists (RFC 6761).
    await expect(client({}, "http://hub.invalid").resolveRevision(REPO)).rejects.toMatchObject({
      code: "HUB_UNREACHABLE",
      exitCode: 75,
      message: expect.stringContaining("hub.invalid"),
    });
  });

  it("takes a server that is no Hub for what it is", async () => {
    server.setFault((_, response) => {
      response.end("<html>Welcome</html>");
      return true;
    });
    await expect(client().resolveRevision(REPO)).rejects.toMatchObject({
      code: "HUB_BAD_RESPONSE",
    });
  });

  it("F32 refuses the network when offline, but knows a commit", async () => {
    const offline = client({ offline: true });
    await expect(offline.resolveRevision(REPO)).rejects.toMatchObject({
      code: "HUB_OFFLINE",
      exitCode: 3,
    });
    expect(await offline.resolveRevision({ ...REPO, revision: OID })).toEqual({ commit: OID });
    await expect(listFiles(offline, OID)).rejects.toMatchObject({ code: "HUB_OFFLINE" });
    expect(server.requests).toHaveLength(0);
  });

  it.each(["", "a/b/c", "../x", "a b", "org/na--me", "org/.."])(
    "refuses the repo %j",
    async (repo) => {
      await expect(client().resolveRevision({ type: "model", repo })).rejects.toMatchObject({
        code: "HUB_BAD_REPO",
        exitCode: 2,
      });
    },
  );

  it("refuses an endpoint that is no address", () => {
    expect(() => new HubClient({ endpoint: "huggingface.co" })).toThrow(
      expect.objectContaining({ code: "HUB_BAD_ENDPOINT" }),
    );
  });
});

describe("a proxy", () => {
  it("F31 carries requests for other hosts, and none for this one", async () => {
    const proxy = await startTunnelProxy(server.url);
    const environment = { HTTP_PROXY: proxy.url };
    const far = client({ environment }, "http://hub.example");
    expect((await far.resolveRevision(REPO)).commit).toMatch(/^[0-9a-f]{40}$/);
    expect(proxy.asked).toEqual(["hub.example:80"]);
    await client({ environment }).resolveRevision(REPO);
    expect(proxy.asked).toHaveLength(1);
    await far.close();
    await proxy.close();
  });
});
