import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive, type EventInput } from "@moonlight-rl/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHead, type HeadOptions } from "./head.ts";
import { readHeadRecord } from "./head-record.ts";
import { markedProcesses } from "./marked-processes.ts";

/** Stands for the interpreter: a server at the dashboard's port, and a process that leaves the group as jobs do. */
const STAND_IN = `#!${process.execPath}
const { createServer } = require("node:http");
const { spawn } = require("node:child_process");
const { readFileSync } = require("node:fs");
const port = Number(process.argv.find((a) => a.startsWith("--dashboard-port="))?.split("=")[1]);
spawn("sleep", ["1000"], { detached: true, stdio: "ignore" }).unref();
const token = "Bearer " + readFileSync(process.env.RAY_AUTH_TOKEN_PATH, "utf8");
createServer((request, response) => {
  if (process.env.OPEN === undefined && request.headers.authorization !== token)
    return response.writeHead(401).end("Unauthorized");
  response.end(JSON.stringify({ data: { summary: [{ hostname: "h", raylet: { state: "ALIVE" } }] } }));
}).listen(port, "127.0.0.1");
console.log(process.argv.slice(2).join(" "));
if (process.env.STUBBORN) process.on("SIGTERM", () => {});
`;

let folder: string;
let python: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-head-"));
  python = join(folder, "python");
  await writeFile(python, STAND_IN);
  await chmod(python, 0o755);
});
afterEach(() => rm(folder, { recursive: true }));

function options(changes: Partial<HeadOptions> = {}): HeadOptions & { events: EventInput[] } {
  const events: EventInput[] = [];
  return {
    python,
    cwd: folder,
    stateDir: join(folder, "state"),
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
    readyMs: 10_000,
    events,
    ...changes,
  };
}

async function record(): Promise<NonNullable<Awaited<ReturnType<typeof readHeadRecord>>>> {
  const found = await readHeadRecord(join(folder, "state", "ray-head.json"));
  if (found === undefined) throw new Error("no record");
  return found;
}

const processesOf = async (mark: string): Promise<number> =>
  (await markedProcesses(`MOONLIGHT_RAY_HEAD=${mark}`, -1)).length;

describe("startHead", () => {
  it("starts on loopback with a token, and stops exactly what it started", async () => {
    const bystander = spawn("sleep", ["1000"], { stdio: "ignore" });
    await once(bystander, "spawn");
    const given = options();
    const head = await startHead(given);
    const { mark, tempDir, tokenFile } = await record();
    expect((await stat(tokenFile)).mode & 0o777).toBe(0o600);
    const said = await readFile(join(tempDir, "head.log"), "utf8");
    expect(said).toContain("--dashboard-host=127.0.0.1");
    expect(said).toContain(`--temp-dir=${tempDir}`);
    expect(given.events.filter(({ type }) => type === "warning")).toEqual([]);
    const token = head.endpoint.headers["authorization"]?.slice(7) ?? "";
    expect(JSON.stringify(given.events) + JSON.stringify(await record()) + said).not.toContain(
      token,
    );
    expect(await processesOf(mark)).toBe(2);
    await head.stop();
    expect(await processesOf(mark)).toBe(0);
    expect(await isAlive(bystander.pid ?? 0, "unknown")).toBe(true);
    bystander.kill("SIGKILL");
    await expect(stat(tempDir)).rejects.toMatchObject({ code: "ENOENT" });
    await expect(record()).rejects.toThrow("no record");
  });

  it("finds the head of an earlier process again", async () => {
    const first = await startHead(options());
    first.leave();
    const again = await startHead(options());
    expect(again.adopted).toBe(true);
    expect(again.endpoint).toEqual(first.endpoint);
    await again.stop();
  });

  it("clears what a dead head has left, whoever its parent is by now", async () => {
    const first = await startHead(options());
    first.leave();
    const { pid = 0, mark, tempDir } = await record();
    process.kill(pid, "SIGKILL");
    const given = options();
    const second = await startHead(given);
    expect(second.adopted).toBe(false);
    expect(await processesOf(mark)).toBe(0);
    await expect(stat(tempDir)).rejects.toMatchObject({ code: "ENOENT" });
    expect(given.events).toContainEqual(
      expect.objectContaining({
        message: expect.stringContaining("1 of its processes were ended"),
      }),
    );
    await second.stop();
  });

  it("warns when Ray asks for no token", async () => {
    const given = options({ env: { OPEN: "1" } });
    const head = await startHead(given);
    await head.stop();
    expect(given.events).toContainEqual(expect.objectContaining({ code: "RAY_HEAD_OPEN" }));
  });

  it("says what Ray said when it does not start, and leaves nothing", async () => {
    await writeFile(python, "#!/bin/sh\necho 'No module named ray.scripts' >&2\nexit 1\n");
    await expect(startHead(options())).rejects.toMatchObject({
      code: "RAY_HEAD_FAILED",
      exitCode: 3,
      message: expect.stringContaining("No module named ray.scripts"),
      hint: expect.stringContaining("--python"),
    });
    await expect(record()).rejects.toThrow("no record");
    await expect(startHead(options({ python: "/nowhere/python" }))).rejects.toMatchObject({
      code: "RAY_HEAD_FAILED",
    });
    const spaced = join(folder, "a python");
    await writeFile(spaced, "#!/bin/sh\nexit 127\n", { mode: 0o755 });
    await expect(startHead(options({ python: spaced }))).rejects.toMatchObject({
      hint: expect.stringContaining("space"),
    });
  });
});
