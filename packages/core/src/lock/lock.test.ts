import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { removePath } from "../atomic-file.ts";
import { acquireLock, lockHolder } from "./lock.ts";
import { isAlive, processStart } from "./process-identity.ts";

const temporary = { path: "" };
beforeEach(async () => {
  temporary.path = await mkdtemp(join(tmpdir(), "moonlight-lock-"));
});
afterEach(() => removePath(temporary.path));
const pathOf = (): string => join(temporary.path, "locks", "a.lock");
const take = (wait = false) => acquireLock(pathOf(), { what: "Stage a", wait });
const leave = async (holder: object | string): Promise<void> => {
  await mkdir(join(temporary.path, "locks"), { recursive: true });
  await writeFile(pathOf(), typeof holder === "string" ? holder : JSON.stringify(holder));
};
const since = "2026-11-23T18:20:30.000Z";

/** A pid that nobody has any more. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await once(child, "exit");
  return child.pid ?? 0;
}

describe("lock", () => {
  it("names its holder and is gone after release", async () => {
    const lock = await take();
    expect(JSON.parse(await readFile(pathOf(), "utf8"))).toEqual({
      pid: process.pid,
      host: hostname(),
      start: await processStart(process.pid),
      since: expect.stringMatching(/Z$/),
    });
    expect(await lockHolder(pathOf())).toMatchObject({ pid: process.pid });
    await expect(take()).rejects.toMatchObject({
      code: "LOCK_HELD",
      exitCode: 75,
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await lock.release();
    expect(await lockHolder(pathOf())).toBeUndefined();
    expect(await readdir(join(temporary.path, "locks"))).toEqual([]);
  });

  it("is taken over from a dead process of this host", async () => {
    await leave({ pid: await deadPid(), host: hostname(), start: "unknown", since });
    expect(await lockHolder(pathOf())).toBeUndefined();
    await (await take()).release();
  });

  it("is taken over when its pid belongs to another process by now", async () => {
    const start = "00000000-0000-0000-0000-000000000000:1";
    await leave({ pid: process.pid, host: hostname(), start, since });
    if (process.platform === "linux") await (await take()).release();
  });

  it("is taken over when it is not readable", async () => {
    await leave("");
    await (await take()).release();
  });

  it("of another host is refused, with a way out", async () => {
    await leave({ pid: 1, host: "elsewhere", start: "x", since });
    for (const wait of [false, true]) {
      await expect(take(wait)).rejects.toMatchObject({
        code: "LOCK_HELD_ELSEWHERE",
        exitCode: 75,
        message: expect.stringContaining("host elsewhere"),
        hint: expect.stringContaining(pathOf()),
      });
    }
  });

  it("lets one after the other in", async () => {
    let inside = 0;
    let most = 0;
    let waits = 0;
    const path = pathOf();
    await Promise.all(
      Array.from({ length: 4 }, async () => {
        const lock = await acquireLock(path, { what: "x", wait: true, onWait: () => waits++ });
        most = Math.max(most, ++inside);
        await new Promise((done) => setImmediate(done));
        inside--;
        await lock.release();
      }),
    );
    expect(most).toBe(1);
    expect(waits).toBe(3);
  });

  it("is taken over by one of many, and by one only", async () => {
    await leave({ pid: await deadPid(), host: hostname(), start: "unknown", since });
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => take()));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await readdir(join(temporary.path, "locks"))).toEqual(["a.lock"]);
  });

  it("stops waiting when the signal fires", async () => {
    const lock = await take();
    const controller = new AbortController();
    const onWait = (): void => controller.abort();
    const { signal } = controller;
    await expect(
      acquireLock(pathOf(), { what: "x", wait: true, onWait, signal }),
    ).rejects.toMatchObject({ code: "INTERRUPTED" });
    await lock.release();
  });

  it("clears what killed processes have left beside it", async () => {
    await mkdir(join(temporary.path, "locks"), { recursive: true });
    await writeFile(`${pathOf()}.${await deadPid()}-0123abcd`, "");
    const lock = await take();
    expect(await readdir(join(temporary.path, "locks"))).toEqual(["a.lock"]);
    await lock.release();
  });
});

it("knows a process that has ended from one that lives", async () => {
  expect(await isAlive(process.pid, await processStart(process.pid))).toBe(true);
  expect(await isAlive(process.pid, "unknown")).toBe(true);
  expect(await isAlive(await deadPid(), "unknown")).toBe(false);
});
