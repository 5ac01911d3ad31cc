import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { HubClient, HubClientOptions } from "../client/hub-client.ts";
import { startFaultServer, type Fault, type FaultServer } from "../testing/fault-server.ts";
import { quickClient } from "../testing/quick-client.ts";
import { makeRepo, seededBytes } from "../testing/repo-fixture.ts";
import type { DownloadedRepo, DownloadOptions } from "./repo-download.ts";

const REPO = { type: "model", repo: "org/tiny" } as const;
const CONTENT = seededBytes(450_007);
const NAME = "model.safetensors";

let root: string;
let server: FaultServer;
let folder: string;
const clients: HubClient[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hub-faults-"));
  await makeRepo(root, "model", REPO.repo, { [NAME]: CONTENT, "config.json": "{}\n" });
});
beforeEach(async () => {
  server = await startFaultServer({ root });
  folder = join(await mkdtemp(join(root, "out-")), "files");
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});
afterAll(() => rm(root, { recursive: true }));

async function download(
  options: Partial<HubClientOptions> & Partial<DownloadOptions> = {},
): Promise<DownloadedRepo> {
  const client = quickClient(server.url, options);
  clients.push(client);
  const { commit } = await client.resolveRevision(REPO);
  return await client.downloadRepo({ ...REPO, commit, directory: folder, ...options });
}

/** Only good bytes ever get the final name. */
async function expectComplete(): Promise<void> {
  expect((await readFile(join(folder, NAME))).equals(CONTENT)).toBe(true);
  expect(existsSync(`${folder}.part`)).toBe(false);
}

async function expectNothing(work: Promise<unknown>, error: object): Promise<void> {
  await expect(work).rejects.toMatchObject(error);
  expect(existsSync(join(folder, NAME))).toBe(false);
}

interface Asked {
  readonly start: number;
  readonly end: number;
  readonly ranged: boolean;
  /** Counts requests for the large file from 1. */
  readonly count: number;
}

/** A fault in answers for the large file only. */
function onWeights(
  fault: (response: ServerResponse, asked: Asked) => boolean | Promise<boolean>,
): void {
  let count = 0;
  server.setFault((request, response) => {
    if (request.url?.includes(`/resolve/`) !== true || !request.url.endsWith(NAME)) return false;
    const match = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
    count++;
    return fault(response, {
      start: Number(match?.[1] ?? 0),
      end: match === null ? CONTENT.length : Number(match[2]) + 1,
      ranged: match !== null,
      count,
    });
  });
}

function head(response: ServerResponse, { start, end, ranged }: Asked, more = {}): void {
  response.writeHead(ranged ? 206 : 200, {
    ...(ranged ? { "content-range": `bytes ${start}-${end - 1}/${CONTENT.length}` } : {}),
    ...more,
  });
}

/** Sends so many bytes of what was asked, then cuts the connection. */
function cut(response: ServerResponse, asked: Asked, bytes: number): boolean {
  head(response, asked, { "content-length": asked.end - asked.start });
  response.write(CONTENT.subarray(asked.start, asked.start + bytes), () => response.destroy());
  return true;
}

function answer(response: ServerResponse, asked: Asked, more = {}, content = CONTENT): boolean {
  head(response, asked, { "content-length": asked.end - asked.start, ...more });
  response.end(content.subarray(asked.start, asked.end));
  return true;
}

describe("a connection that", () => {
  it("F1 drops in the middle of each first answer is gone on with", async () => {
    const seen = new Set<number>();
    onWeights((response, asked) => {
      if (seen.has(asked.start) || asked.start % 100_000 !== 0) return false;
      seen.add(asked.start);
      return cut(response, asked, 4321);
    });
    const result = await download();
    await expectComplete();
    expect(server.requests.map((request) => request.range)).toContain("bytes=104321-199999");
    expect(result.bytes.fetched).toBe(CONTENT.length + 3);
  });

  it("F2 drops every 200 kB for ever still brings the file", async () => {
    onWeights((response, asked) =>
      asked.end - asked.start > 200_000 ? cut(response, asked, 200_000) : false,
    );
    await download({ rangeBytes: 1_000_000, retry: { retries: 1 } });
    await expectComplete();
  });

  it("F2 drops after a few bytes for ever is given up", async () => {
    onWeights((response, asked) => cut(response, asked, 10));
    await expectNothing(download({ connections: 1 }), {
      code: "HUB_TRANSFER_FAILED",
      exitCode: 75,
    });
    expect(server.requests.filter((request) => request.path.endsWith(NAME))).toHaveLength(4);
  });

  it("F3 falls silent is left", async () => {
    onWeights((response, asked) => {
      if (asked.count > 2) return false;
      head(response, asked, { "content-length": asked.end - asked.start });
      return response.write(CONTENT.subarray(asked.start, asked.start + 1000)) || true;
    });
    await download({ timeouts: { stallMs: 100 } });
    await expectComplete();
  });

  it("F4 trickles is left", async () => {
    const timers: NodeJS.Timeout[] = [];
    onWeights((response, asked) => {
      head(response, asked);
      const timer = setInterval(() => response.write(Buffer.from([1])), 5);
      timers.push(timer);
      response.on("close", () => {
        clearInterval(timer);
      });
      return true;
    });
    await expectNothing(download({ timeouts: { trickleMs: 50, minBytesPerSecond: 10_000 } }), {
      code: "HUB_TRANSFER_FAILED",
      message: expect.stringContaining("bytes in"),
    });
    timers.forEach(clearInterval);
  });
});

describe("a server that", () => {
  it("F5 ignores Range has its file taken whole, from the start", async () => {
    onWeights((response, asked) => {
      const whole = { start: 0, end: CONTENT.length, ranged: false, count: asked.count };
      // The first whole transfer breaks: it must begin again, not be appended to.
      if (!asked.ranged && asked.count < 4) return cut(response, whole, 200_000);
      return answer(response, whole);
    });
    await download();
    await expectComplete();
  });

  it.each([
    ["another start", (s: number, e: number, n: number) => `bytes ${s + 1}-${e - 1}/${n}`],
    ["another end", (s: number, e: number, n: number) => `bytes ${s}-${e - 2}/${n}`],
    ["another size", (s: number, e: number, n: number) => `bytes ${s}-${e - 1}/${n + 1}`],
    ["no numbers", () => "bytes many"],
  ])("F6 sends a Content-Range with %s is refused", async (_, make) => {
    onWeights((response, asked) =>
      answer(response, asked, { "content-range": make(asked.start, asked.end, CONTENT.length) }),
    );
    await expectNothing(download(), { code: "HUB_BAD_RESPONSE", exitCode: 4 });
  });

  it("F8 changes its ETag makes us start again", async () => {
    onWeights((response, asked) =>
      answer(response, asked, { etag: asked.count > 2 ? '"b"' : '"a"' }),
    );
    await download({ connections: 1 });
    await expectComplete();
    expect(server.requests.map((request) => request.ifRange)).toContain('"a"');
    expect(server.requests.map((request) => request.ifRange)).toContain('"b"');
  });

  it("F8 never keeps its ETag is given up", async () => {
    onWeights((response, asked) => answer(response, asked, { etag: `"${asked.count}"` }));
    await expectNothing(download(), { code: "HUB_CONTENT_CHANGED", exitCode: 75 });
  });

  it("F9 F10 answers 503 and 429 in bursts is waited for", async () => {
    onWeights((response, { count }) => {
      if (count % 3 === 0) return false;
      response.writeHead(count % 3 === 1 ? 503 : 429, { "retry-after": "0" }).end();
      return true;
    });
    await download({ connections: 1 });
    await expectComplete();
  });

  it.each([
    [500, {}, "HUB_SERVER_ERROR"],
    [429, {}, "HUB_RATE_LIMITED"],
    [429, { "retry-after": "9999" }, "HUB_RATE_LIMITED"],
  ])("F9 F10 answers %i %o for ever is a temporary error", async (status, headers, code) => {
    onWeights((response) => {
      response.writeHead(status, headers).end();
      return true;
    });
    await expectNothing(download(), { code, exitCode: 75, hint: expect.any(String) });
  });

  it("F11 calls half a file the whole of it is refused", async () => {
    onWeights((response, asked) => {
      response.writeHead(200, { "content-length": 1000 }).end(CONTENT.subarray(0, 1000));
      return asked.count > 0;
    });
    await expectNothing(download({ rangeBytes: 1_000_000 }), { code: "HUB_SIZE_MISMATCH" });
  });

  it("F13 ends a body of unknown length early is asked for the rest", async () => {
    onWeights((response, asked) => {
      if (asked.count > 1) return false;
      head(response, asked);
      response.end(CONTENT.subarray(asked.start, asked.end - 50));
      return true;
    });
    await download();
    await expectComplete();
  });

  it("F14 compresses the body is refused", async () => {
    onWeights((response, asked) => {
      head(response, asked, { "content-encoding": "gzip" });
      response.end(gzipSync(CONTENT.subarray(asked.start, asked.end)));
      return true;
    });
    await expectNothing(download(), { code: "HUB_BAD_RESPONSE" });
  });

  it("F7 has fewer bytes than it lists is refused", async () => {
    onWeights((response) => {
      response.writeHead(416).end();
      return true;
    });
    await expectNothing(download(), { code: "HUB_BAD_RESPONSE" });
  });
});

describe("a flipped byte", () => {
  const flipped = Buffer.from(CONTENT);
  flipped[123_456] = (flipped[123_456] ?? 0) ^ 1;

  it("F12 in transit is fetched again, with a warning", async () => {
    const warnings: string[] = [];
    onWeights((response, asked) =>
      asked.count > 5 ? false : answer(response, asked, {}, flipped),
    );
    await download({ onWarning: (warning) => warnings.push(warning.code) });
    await expectComplete();
    expect(warnings).toEqual(["HUB_DIGEST_MISMATCH"]);
  });

  it("F12 at the source is never accepted", async () => {
    onWeights((response, asked) => answer(response, asked, {}, flipped));
    await expectNothing(download(), { code: "HUB_DIGEST_MISMATCH", exitCode: 4 });
  });

  it("in a file on the disk is found on the next run", async () => {
    await download();
    await writeFile(join(folder, NAME), flipped);
    const again = await download();
    expect(again.bytes).toMatchObject({ fetched: CONTENT.length, kept: 3 });
    await expectComplete();
  });
});

describe("a redirect", () => {
  it("F15 F16 to another host gets no token, and is renewed when it expires", async () => {
    const storage = await startFaultServer({ root });
    let refusals = 0;
    const isFile: Fault = (request, response) => {
      if (request.url?.includes("/resolve/") !== true) return false;
      response.writeHead(302, { location: `${storage.url}${request.url}?signature=x` }).end();
      return true;
    };
    server.setFault(isFile);
    storage.setFault((request, response) => {
      // Twice, since the fast way of asking leaves a refusal to the general one.
      if (refusals === 2 || request.headers.range?.startsWith("bytes=2") !== true) return false;
      refusals++;
      response.writeHead(403).end("<Error>Request has expired</Error>");
      return true;
    });
    await download({ token: "hf_secret", connections: 1 });
    await expectComplete();
    expect(new Set(server.requests.map((request) => request.authorization))).toEqual(
      new Set(["Bearer hf_secret"]),
    );
    expect(storage.requests.length).toBeGreaterThan(5);
    expect(storage.requests.every((request) => request.authorization === undefined)).toBe(true);
    // One for each file and one for the renewal: ranges go to the storage at once.
    const asked = server.requests.filter((request) => request.path.includes("/resolve/"));
    expect(asked).toHaveLength(3);
    await storage.close();
  });

  it("in a circle ends", async () => {
    onWeights((response) => {
      response.writeHead(302, { location: "#" }).end();
      return true;
    });
    await expectNothing(download(), { code: "HUB_BAD_RESPONSE" });
  });
});
