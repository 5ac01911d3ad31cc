import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { appendFile, cp, mkdtemp, readdir, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { HubClient } from "../client/hub-client.ts";
import { startFaultServer, type FaultServer } from "../testing/fault-server.ts";
import { quickClient } from "../testing/quick-client.ts";
import { makeRepo, seededBytes } from "../testing/repo-fixture.ts";
import type { DownloadedRepo } from "./repo-download.ts";

const REPO = { type: "model", repo: "org/tiny" } as const;
const NAME = "model.safetensors";
const SIZE = 1_000_003;
const CONTENT = seededBytes(SIZE);

let root: string;
let server: FaultServer;
let made: HubClient;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hub-resume-"));
  await makeRepo(root, "model", REPO.repo, { [NAME]: CONTENT });
  server = await startFaultServer({ root });
  made = quickClient(server.url);
  await killedAfter(3, join(root, "killed"));
});
afterEach(() => {
  server.setFault(undefined);
});
afterAll(async () => {
  await made.close();
  await server.close();
  await rm(root, { recursive: true });
});

async function finish(folder: string): Promise<DownloadedRepo> {
  const { commit } = await made.resolveRevision(REPO);
  const result = await made.downloadRepo({ ...REPO, commit, directory: folder });
  expect((await readFile(join(folder, NAME))).equals(CONTENT)).toBe(true);
  expect(existsSync(`${folder}.part`)).toBe(false);
  return result;
}

/** A download in a process of its own, killed with SIGKILL once `ranges` ranges have been sent and one hangs. */
async function killedAfter(ranges: number, folder: string): Promise<void> {
  const script = `
    import { quickClient } from ${JSON.stringify(new URL("../../dist/testing/index.js", import.meta.url).href)};
    const client = quickClient(${JSON.stringify(server.url)}, { connections: 1 });
    const { commit } = await client.resolveRevision(${JSON.stringify(REPO)});
    await client.downloadRepo({ ...${JSON.stringify(REPO)}, commit, directory: ${JSON.stringify(folder)} });`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  let asked = 0;
  server.setFault((request) => {
    if (request.headers.range === undefined || ++asked <= ranges) return false;
    child.kill("SIGKILL");
    return true;
  });
  const [, signal] = (await once(child, "exit")) as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  expect(existsSync(join(folder, NAME))).toBe(false);
  server.setFault(undefined);
}

/** The state that a download killed after three ranges leaves; made once. */
async function copyOfKilled(folder: string): Promise<void> {
  await cp(`${join(root, "killed")}.part`, `${folder}.part`, { recursive: true });
}

/** The one partial file of a folder, or its journal. */
async function partial(folder: string, suffix: ".part" | ".ranges"): Promise<string> {
  const names = await readdir(`${folder}.part`);
  return join(`${folder}.part`, names.find((name) => name.endsWith(suffix)) ?? "none");
}

describe("after kill -9", () => {
  it.each([0, 10])("F22 %i finished ranges are not fetched again", async (ranges) => {
    const folder = join(root, `killed-${ranges}`);
    await killedAfter(ranges, folder);
    const before = server.requests.length;
    const result = await finish(folder);
    expect(result.bytes).toEqual({
      total: SIZE,
      fetched: SIZE - ranges * 100_000,
      kept: ranges * 100_000,
      reread: ranges * 100_000,
    });
    const starts = server.requests
      .slice(before)
      .map((request) => Number(/bytes=(\d+)/.exec(request.range ?? "")?.[1] ?? 0));
    expect(starts.filter((start) => start > 0).every((start) => start >= ranges * 100_000)).toBe(
      true,
    );
  });

  it("a state copied elsewhere is gone on with", async () => {
    const folder = join(root, "copied");
    await copyOfKilled(folder);
    expect((await finish(folder)).bytes).toMatchObject({ kept: 300_000, reread: 300_000 });
  });

  it("a torn journal line is dropped", async () => {
    const folder = join(root, "torn");
    await copyOfKilled(folder);
    await appendFile(await partial(folder, ".ranges"), '{"start":500000,"en');
    expect((await finish(folder)).bytes.kept).toBe(300_000);
  });

  it.each([
    ["that is no journal", "garbage\n{}\n"],
    ["of a later version (F26)", '{"blocks":[1,2,3]}\n'],
    ["with ranges that cannot be", '{"start":5,"end":99999999}\n'],
  ])("a journal %s is not believed", async (_, text) => {
    const folder = join(root, `bad-${text.length}`);
    await copyOfKilled(folder);
    await appendFile(await partial(folder, ".ranges"), text);
    expect((await finish(folder)).bytes).toMatchObject({ fetched: SIZE, kept: 0 });
  });

  it("a partial file that was cut is not believed", async () => {
    const folder = join(root, "cut");
    await copyOfKilled(folder);
    await truncate(await partial(folder, ".part"), 50);
    expect((await finish(folder)).bytes).toMatchObject({ fetched: SIZE, kept: 0 });
  });

  it("a journal that lies (a power cut) is found out by the digest", async () => {
    const folder = join(root, "lie");
    await copyOfKilled(folder);
    await appendFile(await partial(folder, ".ranges"), '{"start":300000,"end":400000}\n');
    expect((await finish(folder)).bytes.fetched).toBeGreaterThan(SIZE);
  });

  it("F26 a partial of other content is dropped", async () => {
    const folder = join(root, "other");
    await copyOfKilled(folder);
    const file = await partial(folder, ".ranges");
    const lines = await readFile(file, "utf8");
    await rm(file);
    await appendFile(file, lines.replace(/"oid":"[0-9a-f]{8}/, '"oid":"00000000'));
    expect((await finish(folder)).bytes).toMatchObject({ fetched: SIZE, kept: 0 });
  });
});
