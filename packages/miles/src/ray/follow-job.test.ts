import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { JobsServer, type FakeJob } from "../testing/jobs-server.ts";
import { followJob, type FollowOptions } from "./follow-job.ts";
import { jsonText } from "./json-text.ts";
import { RayJobs } from "./jobs-client.ts";
import { LogPosition } from "./log-position.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const ID = "moonlight-a";

async function start(run: (job: FakeJob) => Promise<void>): Promise<{
  server: JobsServer;
  jobs: RayJobs;
  read: () => string;
  troubles: string[];
  follow: (options?: Partial<FollowOptions>) => ReturnType<typeof followJob>;
}> {
  const server = await JobsServer.start({ run });
  const jobs = new RayJobs({ url: server.url, headers: {} }, { timeoutMs: 500, budgetMs: 500 });
  closing.push(
    () => server.close(),
    () => jobs.close(),
  );
  await jobs.submit({ submission_id: ID, entrypoint: "x" });
  const chunks: Uint8Array[] = [];
  const troubles: string[] = [];
  return {
    server,
    jobs,
    troubles,
    read: () => Buffer.concat(chunks).toString("utf8"),
    follow: (options = {}) =>
      followJob(jobs, ID, {
        onLog: (bytes) => void chunks.push(bytes),
        onTrouble: (code) => void troubles.push(code),
        signal: new AbortController().signal,
        pollMs: 20,
        lostAfterMs: 400,
        ...options,
      }),
  };
}

const line = (n: number): string => `line ${n}: Größe 🙂\n`;

describe("followJob", () => {
  it("reads every byte once though the connection is cut again and again", async () => {
    const { server, read, follow } = await start(async (job) => {
      for (let n = 0; n < 60; n++) {
        job.write(line(n));
        if (n % 9 === 8) job.cutSockets();
        await sleep(5);
      }
      job.end("SUCCEEDED", 0);
    });
    const job = await follow().ended;
    expect(job).toMatchObject({ status: "SUCCEEDED", driver_exit_code: 0 });
    expect(read()).toBe(server.jobs.get(ID)?.log);
    expect(server.requests.filter((text) => text.startsWith("SOCKET")).length).toBeGreaterThan(1);
  });

  it("goes on where an earlier process stopped", async () => {
    let finish = (): void => undefined;
    const { server, read, follow } = await start(async (job) => {
      job.write(line(1) + line(2));
      await new Promise<void>((done) => (finish = done));
      job.write(line(3));
      job.end("SUCCEEDED", 0);
    });
    const first = new AbortController();
    const follower = follow({ signal: first.signal });
    while (!read().includes("line 2")) await sleep(5);
    first.abort();
    await expect(follower.ended).rejects.toMatchObject({ code: "INTERRUPTED" });
    const { cursor } = follower;
    expect(cursor.offset).toBe(Buffer.byteLength(server.jobs.get(ID)?.log ?? ""));
    finish();
    await follow({ cursor }).ended;
    expect(read()).toBe(server.jobs.get(ID)?.log);
  });

  it("reads by /logs where web sockets do not get through", async () => {
    const { server, read, follow } = await start(async (job) => {
      for (let n = 0; n < 100; n++) {
        job.write(line(n));
        await sleep(10);
      }
      job.end("FAILED", 1, "exit 1");
    });
    server.refuseSockets = true;
    expect(await follow().ended).toMatchObject({ status: "FAILED", message: "exit 1" });
    expect(read()).toBe(server.jobs.get(ID)?.log);
    expect(server.requests).toContain(`GET /api/jobs/${ID}/logs`);
  });

  it("reads the file where Ray cannot read its log, line ends as Ray gives them", async () => {
    const folder = await mkdtemp(join(tmpdir(), "moonlight-ray-"));
    closing.push(() => rm(folder, { recursive: true }));
    const logFile = join(folder, "job.log");
    await writeFile(logFile, Buffer.from([...Buffer.from("a\r\nb\rc"), 0xff, 0x0a]));
    const { server, read, follow } = await start(async (job) => {
      await sleep(50);
      job.log = "";
      job.end("SUCCEEDED", 0);
    });
    server.refuseSockets = true;
    const job = server.jobs.get(ID);
    if (job !== undefined) job.log = "";
    server.intercept = (request, response) => {
      if (request.url?.endsWith("/logs") !== true) return false;
      response.writeHead(500).end("UnicodeDecodeError: invalid start byte");
      return true;
    };
    await follow({ logFile }).ended;
    expect(read()).toBe("a\nb\nc\uFFFD\n");
  });

  it("says that the log cannot be read, and still sees the end", async () => {
    const { server, troubles, follow } = await start(async (job) => {
      await sleep(50);
      job.end("SUCCEEDED", 0);
    });
    server.refuseSockets = true;
    server.intercept = (request, response) => {
      if (request.url?.endsWith("/logs") !== true) return false;
      response.writeHead(500).end("UnicodeDecodeError");
      return true;
    };
    expect(await follow().ended).toMatchObject({ status: "SUCCEEDED" });
    expect(troubles).toContain("RAY_LOG_UNREADABLE");
  });

  it("outlasts a silent cluster, and gives a lost one up", async () => {
    const { server, troubles, follow } = await start(async () => undefined);
    const { ended } = follow();
    await sleep(30);
    server.intercept = (_, response) => {
      response.writeHead(502).end();
      return true;
    };
    await sleep(150);
    server.intercept = undefined;
    await sleep(100);
    expect(troubles).toEqual(["RAY_SILENT", "RAY_BACK"]);
    server.intercept = () => true;
    await expect(ended).rejects.toMatchObject({ code: "RAY_LOST", exitCode: 75 });
  });

  it("ends with what its reader throws, such as a full disk", async () => {
    const { follow } = await start(async (job) => {
      await sleep(20);
      job.write(line(1));
    });
    const full = new Error("ENOSPC");
    const onLog = (bytes: Uint8Array): void => {
      if (Buffer.from(bytes).includes("line 1")) throw full;
    };
    await expect(follow({ onLog }).ended).rejects.toBe(full);
  });

  it("says when the cluster has forgotten the job", async () => {
    const { server, follow } = await start(async () => undefined);
    const { ended } = follow();
    await sleep(30);
    server.jobs.clear();
    await expect(ended).rejects.toMatchObject({ code: "RAY_JOB_NOT_FOUND" });
  });
});

describe("LogPosition", () => {
  it("notices that the log was replaced", () => {
    let changed = 0;
    const read: string[] = [];
    const position = new LogPosition(
      (bytes) => void read.push(Buffer.from(bytes).toString()),
      () => (changed += 1),
    );
    position.read()(Buffer.from("abcdef"));
    position.read()(Buffer.from("abcdefgh"));
    expect(changed).toBe(0);
    const again = position.read();
    again(Buffer.from("abXdef"));
    again(Buffer.from("ghij"));
    expect(changed).toBe(1);
    expect(read.join("")).toBe("abcdefghij");
  });
});

describe("jsonText", () => {
  it("is the text, however the answer is cut", async () => {
    const text = `a "quote" \\ back\n🙂 ${"é".repeat(30)} \u2028 tab\t${"x\n".repeat(20)}🙂`;
    for (const json of [
      JSON.stringify({ logs: text }),
      // As Python writes it: ASCII only.
      `{"logs": ${JSON.stringify(text).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)}}`,
    ]) {
      const bytes = Buffer.from(json);
      for (let size = 1; size < 40; size++) {
        const pieces: string[] = [];
        for await (const piece of jsonText(cut(bytes, size), "logs")) pieces.push(piece);
        expect(pieces.join("")).toBe(text);
        for (const piece of pieces) expect(Buffer.from(piece).toString()).toBe(piece);
      }
    }
  });

  it("refuses another answer and a torn one", async () => {
    for (const answer of [`{"detail": "${"no ".repeat(60)}"}`, `{"logs": "abc`, ""]) {
      const all = async (): Promise<void> => {
        for await (const _ of jsonText(cut(Buffer.from(answer), 7), "logs"));
      };
      await expect(all()).rejects.toMatchObject({ code: "RAY_ANSWER_INVALID" });
    }
  });
});

async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
