import { appendFileSync, chmodSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openWorkspace } from "@moonlight-rl/pipeline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { metricsSchema, seriesSchema } from "../api/metrics.ts";
import { alarmsSchema, logsSchema } from "../api/logs.ts";
import { groupsSchema, promptSchema, rolloutsSchema, samplesSchema } from "../api/rollouts.ts";
import { runSchema, runsSchema } from "../api/run.ts";
import { makeRun } from "../testing/make-run.ts";
import { serveDashboard, type Dashboard } from "./serve.ts";

let root: string;
let run: string;
let dashboard: Dashboard;

beforeAll(async () => {
  root = join(await mkdtemp(join(tmpdir(), "dash é-")), "work space");
  run = await makeRun(root, { rollouts: 6, groups: 3, samples: 4 });
  dashboard = await serveDashboard({ workspace: openWorkspace(root), version: "1.2.3" });
});
afterAll(async () => {
  await dashboard.close();
  await rm(join(root, ".."), { recursive: true, force: true });
});

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(new URL(path, dashboard.url), { headers, redirect: "manual" });
const json = async (path: string): Promise<unknown> => (await get(path)).json();

/** Without the client's own tidying of paths and headers. */
function raw(
  path: string,
  options: { readonly host?: string; readonly method?: string } = {},
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const { host, method } = options;
    const headers = host === undefined ? {} : { host };
    request({ port: dashboard.port, host: "127.0.0.1", path, method, headers }, (answer) => {
      let body = "";
      answer.setEncoding("utf8").on("data", (piece: string) => (body += piece));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body }));
    })
      .on("error", reject)
      .end();
  });
}

describe("answers", () => {
  it("keep their schemas", async () => {
    expect(runsSchema.parse(await json("/api/runs"))).toMatchObject({ total: 1 });
    const one = runSchema.parse(await json("/api/runs/latest"));
    expect(one.stages[0]).toMatchObject({ id: "train", state: "interrupted" });
    expect(one.stages[0]?.tasks[0]).toMatchObject({ done: 6, total: 6, rate: 1 });
    expect(metricsSchema.parse(await json(`/api/runs/${run}/metrics`)).metrics).toHaveLength(2);
    const { series } = seriesSchema.parse(
      await json(`/api/series?runs=${run}&names=rollout/raw_reward&points=3&from=1`),
    );
    expect(series[0]?.steps).toHaveLength(3);
    expect(
      logsSchema.parse(await json(`/api/runs/${run}/logs?tail=true&limit=1`)).items,
    ).toHaveLength(1);
    expect(alarmsSchema.parse(await json(`/api/runs/${run}/alarms`)).alarms).toEqual([]);
  });

  it("go from rollouts to groups, samples and the same prompt elsewhere", async () => {
    const rollouts = rolloutsSchema.parse(await json(`/api/runs/${run}/rollouts?limit=2`));
    expect(rollouts).toMatchObject({ source: "recorded", total: 6 });
    expect(rollouts.items.map(({ rollout }) => rollout)).toEqual([5, 4]);
    const base = `/api/runs/${run}/rollouts/5/groups`;
    const groups = groupsSchema.parse(await json(`${base}?sort=reward&order=desc`));
    const rewards = groups.items.map(({ meanReward }) => meanReward);
    expect(rewards).toEqual(rewards.toSorted((a, b) => b - a));
    const none = groupsSchema.parse(await json(`${base}?search=nothing-like-it`));
    expect(none.total).toBe(0);
    const samples = samplesSchema.parse(await json(`${base}/2?offset=1&limit=2`));
    expect(samples.items.map(({ index }) => index)).toEqual([1, 2]);
    const [first] = samples.items;
    expect(first?.response.slice(first.span?.start, first.span?.end)).toBe(first?.extracted);
    expect(first?.logProbs).toHaveLength(first?.tokens?.length ?? -1);
    const { prompt } = samples.group;
    const places = promptSchema.parse(await json(`/api/runs/${run}/prompts/${prompt}`));
    expect(places.items).toMatchObject([{ rollout: 5, group: 2 }]);
  });

  it("say what is wrong with a request", async () => {
    expect(await json(`/api/runs/${run}/rollouts?limit=0`)).toMatchObject({
      error: { code: "UI_QUERY", field: "limit" },
    });
    expect((await get(`/api/runs/${run}/rollouts/77/groups`)).status).toBe(404);
    expect((await get("/api/runs/20990101")).status).toBe(404);
    expect((await get("/api/artifacts/abc")).status).toBe(404);
    expect((await get("/api/nothing")).status).toBe(404);
  });
});

describe("the guard", () => {
  it("refuses other hosts, other methods and paths that lead out", async () => {
    expect((await raw("/api/runs", { host: "evil.example" })).status).toBe(403);
    expect((await raw("/api/runs", { host: `localhost:${dashboard.port}` })).status).toBe(200);
    expect((await raw("/api/runs", { method: "POST" })).status).toBe(405);
    for (const path of [
      "/../../../etc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/assets/..%2f..%2fpackage.json",
    ])
      expect((await raw(path)).body).not.toMatch(/root:|moonlight-rl\/dashboard/);
    for (const path of ["/api/runs/..%2f..", "/api/runs/%2e%2e/metrics"])
      expect((await raw(path)).status).toBe(404);
    const policy = (await get("/api/runs")).headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
  });

  it("asks for a token, takes it once in the address, then as a cookie", async () => {
    const token = "a-token-that-is-long-enough";
    const guarded = await serveDashboard({ workspace: openWorkspace(root), version: "1", token });
    try {
      const at = (path: string, headers = {}): Promise<Response> =>
        fetch(`http://127.0.0.1:${guarded.port}${path}`, { headers, redirect: "manual" });
      expect((await at("/api/runs")).status).toBe(401);
      expect((await at("/api/runs?token=wrong")).status).toBe(401);
      const entered = await at(`/api/runs?token=${token}&limit=1`);
      expect(entered.status).toBe(302);
      expect(entered.headers.get("location")).toBe("/api/runs?limit=1");
      const cookie = entered.headers.get("set-cookie") ?? "";
      expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
      expect((await at("/api/runs", { cookie: cookie.split(";")[0] })).status).toBe(200);
      expect((await at("/api/runs", { authorization: `Bearer ${token}` })).status).toBe(200);
    } finally {
      await guarded.close();
    }
    await expect(
      serveDashboard({ workspace: openWorkspace(root), version: "1", token: "short" }),
    ).rejects.toMatchObject({ code: "UI_TOKEN_SHORT" });
    await expect(
      serveDashboard({ workspace: openWorkspace(root), version: "1", port: dashboard.port }),
    ).rejects.toMatchObject({ code: "UI_PORT_TAKEN" });
  });
});

describe("the event stream", () => {
  async function listen(from: string, until: (text: string) => boolean): Promise<string> {
    const stop = new AbortController();
    const headers = { "last-event-id": from };
    const answer = await fetch(new URL(`/api/runs/${run}/events`, dashboard.url), {
      headers,
      signal: stop.signal,
    });
    let text = "";
    for await (const piece of answer.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (until(text)) break;
    }
    stop.abort();
    return text;
  }
  const ids = (text: string): number[] =>
    [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

  it("goes on where a reader stopped, and waits for the end of a line", async () => {
    const file = join(root, "runs", run, "events.ndjson");
    const all = ids(await listen("", (text) => ids(text).length === 14));
    expect(all.at(-1)).toBe(readFileSync(file).length);
    const some = all[4];
    expect(ids(await listen(String(some), (text) => ids(text).length === 9))).toEqual(all.slice(5));
    const more = listen(String(all.at(-1)), (text) => text.includes("torn or not"));
    const line = `${JSON.stringify({ type: "log", message: "torn or not", time: "2026-01-02T03:05:00.000Z" })}\n`;
    appendFileSync(file, line.slice(0, 20));
    // The list is read while the line is half there.
    expect(runSchema.parse(await json(`/api/runs/${run}`)).position).toBe(all.at(-1));
    appendFileSync(file, line.slice(20));
    expect(ids(await more)).toEqual([readFileSync(file).length]);
    expect(await listen("3", (text) => text.includes("lost"))).toContain("event: lost");
  });

  it("ends when the server does; a read-only workspace is enough", async () => {
    chmodSync(join(root, "runs", run), 0o555);
    const other = await serveDashboard({ workspace: openWorkspace(root), version: "1" });
    const answer = await fetch(new URL(`/api/runs/${run}/events?from=end`, other.url));
    const reader = answer.body!.getReader();
    await reader.read();
    await other.close();
    const end = await reader.read().then(
      ({ done }) => done,
      () => true,
    );
    expect(end).toBe(true);
    chmodSync(join(root, "runs", run), 0o755);
  });
});
