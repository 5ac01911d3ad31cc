import { createHash } from "node:crypto";
import { request as httpRequest } from "node:http";
import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRepo, seededBytes } from "../testing/repo-fixture.ts";
import { startHubServer, type HubServer } from "./hub-server.ts";

const WEIGHTS = seededBytes(5000);
const REPO = "/api/models/org/tiny";
let root: string;
let server: HubServer;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hub-server-"));
  await makeRepo(root, "model", "org/tiny", {
    "config.json": "{}\n",
    "model.safetensors": WEIGHTS,
    "a b/ü%.txt": "odd",
    "sub/deep/x.txt": "x",
  });
  await makeRepo(root, "dataset", "org/rows", { "rows.jsonl": "{}\n" });
  await symlink("/etc/passwd", join(root, "models/org/tiny/passwd"));
  server = await startHubServer({ root });
});
afterAll(async () => {
  await server.close();
  await rm(root, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
  fetch(server.url + path, { headers, method });
const json = async (path: string): Promise<unknown> => (await get(path)).json();

describe("repository info", () => {
  it("gives a commit made from the content", async () => {
    const info = (await json(REPO)) as { sha: string; siblings: { rfilename: string }[] };
    expect(info.sha).toMatch(/^[0-9a-f]{40}$/);
    expect(info.siblings.map((file) => file.rfilename)).toEqual([
      "a b/ü%.txt",
      "config.json",
      "model.safetensors",
      "sub/deep/x.txt",
    ]);
    expect(await json(`${REPO}/revision/${info.sha}`)).toEqual(info);
    expect(await json(`${REPO}/revision/main`)).toEqual(info);
  });

  it("changes the commit with the content", async () => {
    const before = (await json("/api/datasets/org/rows")) as { sha: string };
    await makeRepo(root, "dataset", "org/rows", { "rows.jsonl": '{"changed": true}\n' });
    const after = (await json("/api/datasets/org/rows")) as { sha: string };
    expect(after.sha).not.toBe(before.sha);
    const old = await get(`/datasets/org/rows/resolve/${before.sha}/rows.jsonl`);
    expect([old.status, old.headers.get("x-error-code")]).toEqual([404, "RevisionNotFound"]);
  });

  it.each([
    ["/api/models/org/none", "RepoNotFound"],
    [`${REPO}/revision/v1`, "RevisionNotFound"],
    ["/org/tiny/resolve/main/none", "EntryNotFound"],
    ["/org/tiny/resolve/main/passwd", "EntryNotFound"],
    [`${REPO}/tree/main/none`, "EntryNotFound"],
  ])("%s is 404 %s", async (path, code) => {
    const response = await get(path);
    expect([response.status, response.headers.get("x-error-code")]).toEqual([404, code]);
  });
});

describe("tree", () => {
  it("lists files and folders in pages that link on", async () => {
    const paths: string[] = [];
    let next: string | undefined = `${server.url}${REPO}/tree/main?recursive=true&limit=2`;
    let pages = 0;
    while (next !== undefined) {
      const response: Response = await fetch(next);
      const page = (await response.json()) as { path: string }[];
      paths.push(...page.map((entry) => entry.path));
      next = /<([^>]+)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1];
      pages++;
    }
    expect(pages).toBe(4);
    expect(paths).toEqual([
      "a b",
      "a b/ü%.txt",
      "config.json",
      "model.safetensors",
      "sub",
      "sub/deep",
      "sub/deep/x.txt",
    ]);
  });

  it("gives git's blob id of small files and the sha256 of large ones", async () => {
    const tree = (await json(`${REPO}/tree/main`)) as Record<string, unknown>[];
    // `printf '{}\n' | git hash-object --stdin`
    expect(tree[1]).toMatchObject({
      path: "config.json",
      oid: "0967ef424bce6791893e9a57bb952f80fd536e93",
    });
    const sha256 = createHash("sha256").update(WEIGHTS).digest("hex");
    expect(tree[2]).toMatchObject({
      size: 5000,
      lfs: { oid: sha256, size: 5000, pointerSize: 129 },
    });
    expect(tree.map((entry) => entry["type"])).toEqual(["directory", "file", "file", "directory"]);
  });
});

describe("resolve", () => {
  const FILE = "/org/tiny/resolve/main/model.safetensors";

  it("sends the file with the Hub's headers, and only those on HEAD", async () => {
    const whole = await get(FILE);
    expect(Buffer.from(await whole.arrayBuffer()).equals(WEIGHTS)).toBe(true);
    const head = await get(FILE, {}, "HEAD");
    expect(head.headers.get("content-length")).toBe("5000");
    expect(head.headers.get("x-linked-size")).toBe("5000");
    expect(head.headers.get("x-linked-etag")).toBe(head.headers.get("etag"));
    expect(head.headers.get("x-repo-commit")).toMatch(/^[0-9a-f]{40}$/);
    expect(head.headers.get("accept-ranges")).toBe("bytes");
  });

  it.each([
    ["bytes=10-19", 206, "bytes 10-19/5000", 10],
    ["bytes=4990-", 206, "bytes 4990-4999/5000", 10],
    ["bytes=-7", 206, "bytes 4993-4999/5000", 7],
    ["bytes=4990-9999", 206, "bytes 4990-4999/5000", 10],
    ["bytes=0-1,5-6", 200, null, 5000],
    ["lines=0-1", 200, null, 5000],
  ])("range %s is %i", async (range, status, contentRange, length) => {
    const response = await get(FILE, { range });
    const body = Buffer.from(await response.arrayBuffer());
    expect([response.status, response.headers.get("content-range"), body.length]).toEqual([
      status,
      contentRange,
      length,
    ]);
    const start = Number(/\d+/.exec(contentRange ?? "0")?.[0]);
    expect(body.equals(WEIGHTS.subarray(start, start + length))).toBe(true);
  });

  it("refuses a range beyond the end", async () => {
    const response = await get(FILE, { range: "bytes=5000-" });
    expect([response.status, response.headers.get("content-range")]).toEqual([416, "bytes */5000"]);
  });

  it("honours If-Range and If-None-Match", async () => {
    const etag = (await get(FILE, {}, "HEAD")).headers.get("etag") ?? "";
    const range = "bytes=0-0";
    expect((await get(FILE, { range, "if-range": etag })).status).toBe(206);
    expect((await get(FILE, { range, "if-range": '"other"' })).status).toBe(200);
    expect((await get(FILE, { "if-none-match": etag })).status).toBe(304);
  });

  it("finds encoded names", async () => {
    const response = await get(`/org/tiny/resolve/main/${encodeURIComponent("a b")}/%C3%BC%25.txt`);
    expect(await response.text()).toBe("odd");
  });
});

describe("what it refuses", () => {
  /** fetch() would fold the dots away before sending. */
  const rawStatus = (path: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const { hostname, port } = new URL(server.url);
      httpRequest({ hostname, port, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });

  it.each([
    "/org/tiny/resolve/main/../../../../etc/passwd",
    "/org/tiny/resolve/main/%2e%2e/%2e%2e/x",
    "/org/tiny/resolve/main/..%2f..%2fconfig.json",
    "/../models/resolve/main/x",
    "/org/tiny/resolve/main//etc/passwd",
    "/org/tiny/resolve/main/%00",
    "/org/tiny/resolve/main/%zz",
    "/",
  ])("%s", async (path) => {
    expect(await rawStatus(path)).toBe(404);
  });

  it("writes", async () => {
    expect((await get(REPO, {}, "POST")).status).toBe(405);
  });

  it("requests without the token, when it has one", async () => {
    const closed = await startHubServer({ root, token: "secret" });
    const status = async (authorization?: string): Promise<number> =>
      (await fetch(closed.url + REPO, authorization ? { headers: { authorization } } : {})).status;
    expect([await status(), await status("Bearer no"), await status("Bearer secret")]).toEqual([
      401, 401, 200,
    ]);
    await closed.close();
  });

  it("a root that is not there and a port that is taken", async () => {
    await expect(startHubServer({ root: join(root, "none") })).rejects.toMatchObject({
      code: "HUB_ROOT_MISSING",
    });
    const port = Number(new URL(server.url).port);
    await expect(startHubServer({ root, port })).rejects.toMatchObject({
      code: "HUB_PORT_IN_USE",
      exitCode: 3,
    });
  });
});
