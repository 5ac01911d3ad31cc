import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { JobsServer, type JobsServerOptions } from "../testing/jobs-server.ts";
import { RayJobs } from "./jobs-client.ts";
import { rayEndpoint, rayUrl } from "./ray-endpoint.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(
  options: JobsServerOptions = {},
  env: Record<string, string> = {},
): Promise<{ server: JobsServer; jobs: RayJobs }> {
  const server = await JobsServer.start(options);
  const jobs = new RayJobs(await rayEndpoint(server.url, env), { timeoutMs: 200, budgetMs: 900 });
  closing.push(
    () => server.close(),
    () => jobs.close(),
  );
  return { server, jobs };
}
const request = { submission_id: "moonlight-a", entrypoint: "python3 train.py --x" };

describe("rayUrl", () => {
  it.each([
    ["head:8265", "http://head:8265"],
    ["http://head:8265/", "http://head:8265"],
    ["https://gateway/ray/", "https://gateway/ray"],
    ["127.0.0.1:8265", "http://127.0.0.1:8265"],
  ])("%s is %s", (address, url) => {
    expect(rayUrl(address)).toBe(url);
  });

  it.each(["auto", "ray://head:10001", "head:6379", "http://a:b@head:8265", "http://", "ftp://x"])(
    "%s is refused with a hint",
    (address) => {
      expect(() => rayUrl(address)).toThrowError(
        expect.objectContaining({ code: "RAY_ADDRESS_INVALID", exitCode: 2 }),
      );
    },
  );
});

describe("RayJobs", () => {
  it("submits once, however often it is asked", async () => {
    const { server, jobs } = await start();
    expect(await jobs.submit(request)).toMatchObject({ created: true, job: { status: "RUNNING" } });
    expect(await jobs.submit(request)).toMatchObject({ created: false });
    expect(server.jobs.size).toBe(1);
    expect(server.requests.filter((line) => line === "POST /api/jobs/")).toHaveLength(1);
  });

  it("finds its job when the answer to the submission is lost", async () => {
    const { server, jobs } = await start();
    let posts = 0;
    server.intercept = (asked) => {
      if (asked.method !== "POST") return false;
      posts += 1;
      // The job is made, the answer never comes.
      if (posts === 1) {
        void fetch(server.url + (asked.url ?? ""), {
          method: "POST",
          body: JSON.stringify(request),
        }).then(() => asked.socket.destroy());
        return true;
      }
      return false;
    };
    expect(await jobs.submit(request)).toMatchObject({ created: true });
    expect(server.jobs.size).toBe(1);
  });

  it("does not take another command's job for its own", async () => {
    const { jobs } = await start();
    await jobs.submit(request);
    await expect(jobs.submit({ ...request, entrypoint: "sleep 1" })).rejects.toMatchObject({
      code: "RAY_SUBMISSION_TAKEN",
    });
  });

  it("lists, stops and deletes", async () => {
    const { jobs } = await start();
    await jobs.submit(request);
    expect(await jobs.list()).toMatchObject([{ submission_id: "moonlight-a" }]);
    await jobs.stop(request.submission_id);
    expect(await jobs.job(request.submission_id)).toMatchObject({ status: "STOPPED" });
    await jobs.delete(request.submission_id);
    expect(await jobs.find(request.submission_id)).toBeUndefined();
    await expect(jobs.stop("moonlight-a")).rejects.toMatchObject({ code: "RAY_JOB_NOT_FOUND" });
  });

  it("tries again where that helps, and ends in bounded time where it does not", async () => {
    const { server, jobs } = await start();
    let left = 2;
    server.intercept = (_, response) => {
      if (left-- <= 0) return false;
      response.writeHead(503).end("busy");
      return true;
    };
    expect(await jobs.version()).toMatchObject({ ray_version: "2.55.1" });
    server.intercept = (_, response) => {
      response.writeHead(500).end("Traceback\nRuntimeError: no agent");
      return true;
    };
    await expect(jobs.version()).rejects.toMatchObject({
      code: "RAY_FAILED",
      exitCode: 75,
      message: expect.stringContaining("RuntimeError: no agent"),
    });
    server.intercept = () => true;
    await expect(jobs.version()).rejects.toMatchObject({ code: "RAY_UNREACHABLE", exitCode: 75 });
  });

  it("sends the token of the file, and says where one belongs", async () => {
    const folder = await mkdtemp(join(tmpdir(), "moonlight-ray-"));
    closing.push(() => rm(folder, { recursive: true }));
    const file = join(folder, "token");
    await writeFile(file, "s3cret-token\n", { mode: 0o600 });
    const { jobs } = await start({ token: "s3cret-token" }, { RAY_AUTH_TOKEN_PATH: file });
    await jobs.version();
    const { jobs: stranger } = await start(
      { token: "s3cret-token" },
      { RAY_AUTH_TOKEN: "wrong-one" },
    );
    const refused = await stranger.version().catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: "RAY_UNAUTHORIZED",
      exitCode: 3,
      hint: expect.stringContaining("RAY_AUTH_TOKEN_PATH"),
    });
    expect(JSON.stringify(refused)).not.toContain("wrong-one");
  });

  it("takes the token that Ray has left at home, as a cluster without a mode asks for it", async () => {
    const home = await mkdtemp(join(tmpdir(), "moonlight-ray-"));
    closing.push(() => rm(home, { recursive: true }));
    const headersWith = async (env: Record<string, string>) =>
      (await rayEndpoint("127.0.0.1:8265", { HOME: home, ...env })).headers;
    expect(await headersWith({})).toEqual({});
    await expect(headersWith({ RAY_AUTH_MODE: "token" })).rejects.toMatchObject({
      code: "RAY_TOKEN_MISSING",
    });
    await mkdir(join(home, ".ray"));
    await writeFile(join(home, ".ray", "auth_token"), "left-there\n");
    const bearer = { authorization: "Bearer left-there" };
    expect(await headersWith({})).toEqual(bearer);
    expect(await headersWith({ RAY_AUTH_MODE: "Token" })).toEqual(bearer);
    expect(await headersWith({ RAY_AUTH_MODE: "disabled" })).toEqual({});
    expect(await headersWith({ RAY_AUTH_TOKEN: "mine" })).toEqual({ authorization: "Bearer mine" });
  });

  it("tells Ray from something else on that port", async () => {
    const { server, jobs } = await start();
    server.intercept = (_, response) => {
      response.writeHead(200).end("<html>hello</html>");
      return true;
    };
    await expect(jobs.version()).rejects.toMatchObject({ code: "RAY_ANSWER_INVALID", exitCode: 4 });
    server.intercept = (_, response) => {
      response.writeHead(200).end(JSON.stringify({ status: "DANCING", entrypoint: "x" }));
      return true;
    };
    await expect(jobs.job("a")).rejects.toMatchObject({
      code: "RAY_ANSWER_INVALID",
      field: expect.stringContaining("status"),
    });
  });

  it("stops waiting when the signal fires", async () => {
    const { server, jobs } = await start();
    server.intercept = () => true;
    await expect(jobs.version(AbortSignal.timeout(50))).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
  });
});
