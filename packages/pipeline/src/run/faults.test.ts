import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import type { MoonlightEvent } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { calls, numbers, toy } from "../../fixtures/toy-stages.ts";
import { planPipeline } from "../plan/plan-pipeline.ts";
import { artifact } from "../artifact/artifact.ts";
import { defineStage } from "../stage/define-stage.ts";
import { openWorkspace } from "../workspace/workspace.ts";
import { compareRuns } from "./compare-runs.ts";
import { definePipeline } from "./define-pipeline.ts";
import { brokenRuns, findRun, listRuns, readRun, readRunJournal } from "./run-folder.ts";
import { runPipeline } from "./run-pipeline.ts";

// What must hold when the world is not as it should be. Faults within one stage or artifact: run-stage.test.ts and publish.test.ts;
// kill -9 at every call that changes the disk: crash.test.ts.
// The numbers are those of the project's list of faults; fault-list.test.ts holds all of them against the titles of tests.
const temporary = temporaryFolder();
const TWICE = fileURLToPath(new URL("../../fixtures/slow-pipeline.mjs", import.meta.url));
beforeEach(() => {
  calls.length = 0;
});
const run = promisify(execFile);
const jsonOf = async (path: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;

describe("O4 two runs in one workspace at once", () => {
  it("share the work: each stage is done by one of them, and both end alike", async () => {
    const workspace = join(temporary.path, "ws");
    const ended = await Promise.all(
      [1, 2, 3].map(async () => (await run(process.execPath, [TWICE, workspace, "4"])).stdout),
    );
    const results = ended.map(
      (text) => JSON.parse(text) as { id: string; total: string; ran: number },
    );
    expect(new Set(results.map(({ total }) => total)).size).toBe(1);
    expect(new Set(results.map(({ id }) => id)).size).toBe(3);
    expect(results.reduce((all, { ran }) => all + ran, 0)).toBe(2);
    expect((await readdir(join(workspace, "locks"))).length).toBe(0);
    const runs = await listRuns(openWorkspace(workspace));
    expect(runs.map(({ status }) => status)).toEqual(["ok", "ok", "ok"]);
  });

  it("with different parameters do not get into each other's way", async () => {
    const workspace = join(temporary.path, "ws");
    const totals = await Promise.all(
      ["3", "4", "5"].map(async (count) => {
        const { stdout } = await run(process.execPath, [TWICE, workspace, count]);
        return (JSON.parse(stdout) as { value: number }).value;
      }),
    );
    expect(totals).toEqual([6, 10, 15]);
  });

  it("never work in one run's folder: the second is refused and told by whom", async () => {
    const workspace = join(temporary.path, "ws");
    const first = spawn(process.execPath, [TWICE, workspace, "4"], {
      stdio: ["ignore", "ignore", "ignore"],
    });
    try {
      let id: string | undefined;
      while (id === undefined) {
        id = (await listRuns(openWorkspace(workspace)).catch(() => [])).find(
          ({ status }) => status === "running",
        )?.id;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await expect(
        runPipeline({ ...toy, name: "slow" }, undefined, { workspace, resume: id }),
      ).rejects.toMatchObject({
        code: "LOCK_HELD",
        exitCode: 75,
        message: expect.stringContaining(String(first.pid)),
      });
    } finally {
      await once(first, "exit");
    }
  });
});

describe("O9 a workspace whose path has blanks, quotes and other scripts", () => {
  it("is like any other", async () => {
    const path = join(temporary.path, `my "runs" 'é 日本 🌙 $HOME %41`);
    const first = await runPipeline(toy, {}, { workspace: path });
    const second = await runPipeline(toy, {}, { workspace: path });
    expect(second.stages.every(({ reused }) => reused)).toBe(true);
    const workspace = openWorkspace(path);
    expect((await compareRuns(workspace, first.id, second.id)).causes).toEqual([]);
    expect((await planPipeline(toy, {}, { workspace: path })).totals.unknown).toEqual([]);
    expect(await findRun(workspace, "latest")).toBe(second.id);
  });
});

const namespaces = ((): boolean => {
  try {
    execFileSync("unshare", ["-rm", "true"], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(
      "skipped: a read-only and a full disk need user namespaces (unshare -rm)\n",
    );
    return false;
  }
})();

describe.skipIf(!namespaces)("O8 a disk that cannot be written", () => {
  const within = (mount: string, ...argv: string[]) =>
    run("unshare", [
      "-rm",
      "sh",
      "-c",
      `${mount}; exec "$@"`,
      "sh",
      process.execPath,
      ...argv,
    ]).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );

  it("is refused by name when it is read-only, and what is there can still be looked at", async () => {
    const workspace = join(temporary.path, "ws");
    await run(process.execPath, [TWICE, workspace, "4"]);
    const mount = `mount --bind '${workspace}' '${workspace}' && mount -o remount,ro,bind '${workspace}'`;
    const refused = await within(mount, TWICE, workspace, "5");
    expect(refused).toMatchObject({ code: 3 });
    expect(refused.stderr).toMatch(/DISK_UNWRITABLE: Cannot write .*ws/);
    const looked = await within(mount, TWICE, workspace, "4", "look");
    expect(looked.code).toBe(0);
    expect(JSON.parse(looked.stdout)).toEqual({ runs: 1, plan: ["hit", "hit"] });
    expect((await readdir(join(workspace, "runs"))).length).toBe(1);
  });

  it("is told when it is full; nothing half-made counts, and with room the run goes on", async () => {
    const workspace = join(temporary.path, "ws");
    await mkdir(workspace);
    const kept = join(temporary.path, "kept");
    // What the full disk holds is copied out, so that it can be looked at and gone on with.
    const mount = `mount -t tmpfs -o size=300k tmpfs '${workspace}'; trap 'cp -r "${workspace}" "${kept}"' EXIT`;
    const script = `${mount}; "$@"`;
    const full = await run("unshare", [
      "-rm",
      "sh",
      "-c",
      script,
      "sh",
      process.execPath,
      TWICE,
      workspace,
      "4",
      "fill",
    ]).then(
      () => ({ code: 0, stderr: "" }),
      (error: { code: number; stderr: string }) => error,
    );
    expect(full.code).toBe(3);
    expect(full.stderr).toContain("DISK_FULL");
    const store = await readdir(join(kept, "store")).catch(() => []);
    expect(store.filter((name) => name.startsWith("toy-big"))).toEqual([]);
    const { stdout } = await run(process.execPath, [TWICE, kept, "4", "fill"]);
    expect(JSON.parse(stdout)).toMatchObject({ value: 10 });
    expect((await listRuns(openWorkspace(kept))).map(({ status }) => status).at(-1)).toBe("ok");
  });
});

describe("O7 a clock that jumps", () => {
  it.each([
    ["back", -3_600_000],
    ["ahead", 3_600_000],
  ])("%s changes neither results nor durations, and the run can be resumed", async (_, jump) => {
    const workspace = join(temporary.path, "ws");
    let ticks = 0;
    const clock = { now: () => new Date(Date.UTC(2026, 0, 1) + (ticks++ > 6 ? jump : 0)) };
    const events: MoonlightEvent[] = [];
    const options = { workspace, clock, onEvent: (event: MoonlightEvent) => events.push(event) };
    const first = await runPipeline(toy, {}, options);
    expect(first.outputs.value).toBe(12);
    const times = events.map(({ time }) => Date.parse(time));
    expect(Math.max(...times) - Math.min(...times)).toBe(3_600_000);
    const seconds = events.flatMap((event) => ("seconds" in event ? [event.seconds] : []));
    expect(seconds.length).toBeGreaterThan(3);
    for (const value of seconds) expect(value >= 0 && value < 60).toBe(true);
    const again = await runPipeline(toy, undefined, { workspace, resume: first.id });
    expect(again.outputs.value).toBe(12);
    expect((await runPipeline(toy, {}, { workspace })).stages.every(({ reused }) => reused)).toBe(
      true,
    );
  });

  it("does not make a dead process's takeover of a lock last for ever", async () => {
    const workspace = openWorkspace(join(temporary.path, "ws"));
    const { id } = await runPipeline(toy, {}, { workspace: workspace.root });
    const lock = join(workspace.runs, id, "lock");
    // A process died while it took the lock over, before the clock was set back.
    await writeFile(lock, "torn");
    await mkdir(`${lock}.breaker`);
    const future = new Date(Date.now() + 86_400_000);
    await utimes(`${lock}.breaker`, future, future);
    expect(
      (await runPipeline(toy, undefined, { workspace: workspace.root, resume: id })).outputs.value,
    ).toBe(12);
    await expect(stat(`${lock}.breaker`)).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("O5 files of other versions, and O2 broken ones", () => {
  it("a store with an artifact of an older format is a miss that is told, never taken", async () => {
    const workspace = openWorkspace(join(temporary.path, "ws"));
    const first = await runPipeline(toy, {}, { workspace: workspace.root });
    const { path } = first.outputs.list;
    const manifest = await jsonOf(join(path, "manifest.json"));
    await writeFile(join(path, "manifest.json"), JSON.stringify({ ...manifest, contract: 0 }));
    calls.length = 0;
    const events: MoonlightEvent[] = [];
    const again = await runPipeline(
      toy,
      {},
      { workspace: workspace.root, onEvent: (event) => events.push(event) },
    );
    expect(again.outputs.list.digest).toBe(first.outputs.list.digest);
    expect(calls[0]).toBe("numbers 3");
    expect(events.find((event) => event.type === "warning")).toMatchObject({
      code: "CACHE_DAMAGED",
      message: expect.stringContaining("contract"),
    });
  });

  it("a stage that wants a newer format of an artifact refuses the older one before it runs", async () => {
    const newer = defineStage({
      name: "newer",
      from: import.meta.url,
      input: z.object({ list: artifact("toy-list", 2) }),
      output: z.object({}),
      run: async () => ({}),
    });
    const pipeline = definePipeline({
      name: "newer",
      params: z.object({}),
      run: async (stage) => {
        const { list } = await stage(numbers, { count: 2 });
        return stage(newer, { list });
      },
    });
    await expect(
      runPipeline(pipeline, {}, { workspace: join(temporary.path, "ws") }),
    ).rejects.toMatchObject({
      code: "INVALID_INPUT",
      message: expect.stringContaining("version 2"),
    });
    expect(calls).toEqual(["numbers 2"]);
  });

  it("a cache record of an older format is a miss", async () => {
    const workspace = openWorkspace(join(temporary.path, "ws"));
    await runPipeline(toy, {}, { workspace: workspace.root });
    for (const name of await readdir(workspace.cache)) {
      const record = await jsonOf(join(workspace.cache, name));
      await writeFile(join(workspace.cache, name), JSON.stringify({ ...record, contract: 0 }));
    }
    calls.length = 0;
    expect((await runPipeline(toy, {}, { workspace: workspace.root })).outputs.value).toBe(12);
    expect(calls).toHaveLength(3);
  });

  it.each([
    ["torn", "{"],
    ["of a newer version", '{"contract":2}'],
  ])(
    "a run whose record is %s is left out of lists, refused by name, and harms no other",
    async (_, text) => {
      const workspace = openWorkspace(join(temporary.path, "ws"));
      const broken = await runPipeline(toy, {}, { workspace: workspace.root });
      const file = join(workspace.runs, broken.id, "run.json");
      await writeFile(file, text);
      const { id } = await runPipeline(toy, {}, { workspace: workspace.root });
      expect((await listRuns(workspace)).map((one) => one.id)).toEqual([id]);
      expect(await brokenRuns(workspace)).toMatchObject([{ id: broken.id, error: { file } }]);
      await expect(readRun(workspace, broken.id)).rejects.toMatchObject({
        code: expect.stringMatching(/^INVALID/),
        file,
      });
    },
  );

  it("journals of an older version, without what keys were made of, can be compared", async () => {
    const workspace = openWorkspace(join(temporary.path, "ws"));
    const ids: string[] = [];
    for (const count of [3, 4])
      ids.push((await runPipeline(toy, { count }, { workspace: workspace.root })).id);
    for (const id of ids) {
      const lines = (await readRunJournal(workspace, id)).map((entry) =>
        JSON.stringify({ ...entry, parts: undefined }),
      );
      await writeFile(join(workspace.runs, id, "journal.ndjson"), `${lines.join("\n")}\n`);
    }
    const { causes } = await compareRuns(workspace, ids[0] ?? "", ids[1] ?? "");
    expect(causes).toMatchObject([{ stage: "numbers", what: "count" }]);
  });
});

describe("O10 an interruption while it waits for another process's work", () => {
  it("ends at once and leaves the other alone", async () => {
    const workspace = join(temporary.path, "ws");
    const stop = new AbortController();
    let begun: () => void;
    const started = new Promise<void>((resolve) => (begun = resolve));
    let finish: () => void;
    const gate = new Promise<void>((resolve) => (finish = resolve));
    const slow = defineStage({
      name: "slow",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ value: z.number() }),
      async run() {
        begun();
        await gate;
        return { value: 1 };
      },
    });
    const pipeline = definePipeline({
      name: "slow",
      params: z.object({}),
      run: (stage) => stage(slow, {}),
    });
    const first = runPipeline(pipeline, {}, { workspace });
    await started;
    const second = runPipeline(
      pipeline,
      {},
      {
        workspace,
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === "log" && event.message.startsWith("waiting")) stop.abort();
        },
      },
    );
    await expect(second).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    finish!();
    expect((await first).outputs).toEqual({ value: 1 });
  });
});
