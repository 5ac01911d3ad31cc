import { appendFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { eventSchema, GateError, MoonlightError, type MoonlightEvent } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { calls, numbers, sum, toy } from "../../fixtures/toy-stages.ts";
import { defineStage } from "../stage/define-stage.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import { unkeyed } from "../schema/unkeyed.ts";
import { planPipeline } from "../plan/plan-pipeline.ts";
import { definePipeline } from "./define-pipeline.ts";
import { findRun, listRuns, readRun, readRunEvents, readRunJournal } from "./run-folder.ts";
import { runPipeline, type RunOptions } from "./run-pipeline.ts";
import { runSeconds } from "./run-record.ts";

const temporary = temporaryFolder();
let events: MoonlightEvent[];
let workspace: Workspace;
beforeEach(() => {
  events = [];
  calls.length = 0;
  workspace = openWorkspace(join(temporary.path, "ws"));
});
const options = (more: RunOptions = {}): RunOptions => ({
  workspace: workspace.root,
  onEvent: (event) => events.push(eventSchema.parse(event)),
  ...more,
});
const told = (type: string): string[] =>
  events.filter((event) => event.type === type).map(({ stage }) => stage ?? "");

describe("runPipeline", () => {
  it("ends with a stage's verdict, and with it again when it is resumed", async () => {
    const gated = defineStage({
      ...numbers,
      verdict: ({ last }) => (last < 5 ? new GateError("TOO_FEW", "too few") : undefined),
    });
    const pipeline = definePipeline({
      name: "gated",
      params: z.strictObject({ count: z.number() }),
      run: (stage, { count }) => stage(gated, { count }),
    });
    const failed = { code: "TOO_FEW", exitCode: 5 };
    await expect(runPipeline(pipeline, { count: 4 }, options())).rejects.toMatchObject(failed);
    const resume = (await listRuns(workspace))[0]?.id ?? "";
    await expect(runPipeline(pipeline, { count: 4 }, options({ resume }))).rejects.toMatchObject(
      failed,
    );
    expect(calls).toEqual(["numbers 4"]);
  });

  it("begins nothing with parameters that the pipeline's own check refuses", async () => {
    const choosy = definePipeline({
      ...toy,
      async check({ count }) {
        if (count > 4) throw new MoonlightError("TOO_MANY", `${count} are too many`);
      },
    });
    const refused = { code: "TOO_MANY" };
    await expect(runPipeline(choosy, { count: 5 }, options())).rejects.toMatchObject(refused);
    await expect(planPipeline(choosy, { count: 5 }, options())).rejects.toMatchObject(refused);
    expect(await readdir(temporary.path)).toEqual([]);
    expect(events).toEqual([]);
    const { id } = await runPipeline(choosy, { count: 4 }, options());
    expect((await listRuns(workspace)).map((run) => run.id)).toEqual([id]);
  });

  it("runs the stages, and writes down what happened", async () => {
    const run = await runPipeline(toy, { count: 4 }, options());
    expect(run.outputs.value).toBe(20);
    expect(run.id).toMatch(/^\d{8}-\d{6}-[0-9a-f]{4}$/);
    expect(run.stages.map(({ id, stage, reused }) => [id, stage, reused])).toEqual([
      ["numbers", "numbers", false],
      ["sum", "sum", false],
      ["sum-twice", "sum", false],
    ]);
    expect(await readdir(run.folder)).toEqual(["events.ndjson", "journal.ndjson", "run.json"]);
    expect(await readRun(workspace, run.id)).toMatchObject({
      pipeline: "toy",
      params: { count: 4 },
      status: "ok",
      host: { platform: process.platform, cpus: expect.any(Number), memory: expect.any(Number) },
      versions: { node: process.versions.node, "@moonlight-rl/pipeline": expect.any(String) },
      outputs: { value: 20, list: { $artifact: "toy-list" } },
    });
    const recorded: MoonlightEvent[] = [];
    for await (const event of readRunEvents(workspace, run.id)) recorded.push(event);
    expect(recorded).toEqual(events);
    expect(new Set(events.map((event) => event.run))).toEqual(new Set([run.id]));
    expect((await readRunJournal(workspace, run.id)).map(({ type }) => type)).toEqual([
      "opened",
      "finished",
      "finished",
      "finished",
      "closed",
    ]);
  });

  it("reuses every stage the second time", async () => {
    const first = await runPipeline(toy, {}, options());
    const second = await runPipeline(toy, {}, options());
    expect(second.outputs).toEqual(first.outputs);
    expect(second.id).not.toBe(first.id);
    expect(second.stages.every(({ reused }) => reused)).toBe(true);
    expect(calls).toHaveLength(3);
  });

  it("does equal calls once, and refuses one id for different work", async () => {
    const twice = definePipeline({
      name: "twice",
      params: z.object({ other: z.int() }),
      async run(stage, { other }) {
        const [a, b] = await Promise.all([
          stage(numbers, { count: 2 }),
          stage(numbers, { count: 2 }, { id: "again" }),
        ]);
        const c = await stage(numbers, { count: other });
        return { same: a.list.digest === b.list.digest, last: c.last };
      },
    });
    const run = await runPipeline(twice, { other: 2 }, options());
    expect(run.outputs).toEqual({ same: true, last: 2 });
    expect(calls).toEqual(["numbers 2"]);
    expect(run.stages.map(({ id }) => id)).toEqual(["numbers", "again"]);
    // Which of two simultaneous calls does the work is open; one of them does.
    expect(run.stages.filter(({ reused }) => reused)).toHaveLength(1);
    await expect(runPipeline(twice, { other: 3 }, options())).rejects.toMatchObject({
      code: "STAGE_ID_TAKEN",
      exitCode: 2,
      field: "numbers",
    });
    const badId = definePipeline({
      name: "bad",
      params: z.object({}),
      run: (stage) => stage(numbers, { count: 1 }, { id: "../x" }),
    });
    await expect(runPipeline(badId, {}, options())).rejects.toMatchObject({
      code: "STAGE_ID_INVALID",
    });
  });

  it("tells of a failure everywhere, and can be resumed after it", async () => {
    let broken = true;
    const fragile = defineStage({
      ...sum,
      name: "fragile",
      run: async (input, context) => {
        if (broken) throw new MoonlightError("BROKEN", "It broke.", { hint: "Mend it." });
        return sum.run(input, context);
      },
    });
    const pipeline = definePipeline({
      ...toy,
      async run(stage, { count }) {
        const { list } = await stage(numbers, { count });
        return stage(fragile, { list });
      },
    });
    await expect(runPipeline(pipeline, { count: 2 }, options())).rejects.toMatchObject({
      code: "BROKEN",
    });
    const failed = (await listRuns(workspace)).at(-1);
    const error = { code: "BROKEN", message: "It broke.", hint: "Mend it." };
    expect(failed).toMatchObject({ status: "failed", error });
    expect(events.at(-1)).toMatchObject({ type: "run.finished", status: "failed", error });
    broken = false;
    events = [];
    const resumed = await runPipeline(pipeline, undefined, options({ resume: "latest" }));
    expect(resumed.id).toBe(failed?.id);
    expect(resumed.outputs.value).toBe(3);
    expect(told("stage.reused")).toEqual(["numbers"]);
    expect(events[0]).toMatchObject({ type: "run.started", resumed: true, params: { count: 2 } });
    expect(calls).toEqual(["numbers 2", "sum 1"]);
    const record = await readRun(workspace, resumed.id);
    expect(record.status).toBe("ok");
    expect(record).not.toHaveProperty("error");
  });

  it("ends stages that run side by side when one fails", async () => {
    let begin: () => void = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const waits = defineStage({
      name: "waits",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({}),
      run: (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason as Error));
          begin();
        }),
    });
    const fails = defineStage({
      ...waits,
      name: "fails",
      run: () => begun.then(() => Promise.reject(new Error("x"))),
    });
    const pipeline = definePipeline({
      name: "side-by-side",
      params: z.object({}),
      run: (stage) => Promise.all([stage(waits, {}), stage(fails, {})]),
    });
    await expect(runPipeline(pipeline, {}, options())).rejects.toMatchObject({ message: "x" });
    expect(told("stage.failed").sort()).toEqual(["fails", "waits"]);
    expect(await readdir(workspace.locks)).toEqual([]);
  });

  it("O10 begins no stage that it was asked to stop while it got ready", async () => {
    const controller = new AbortController();
    const onEvent = ({ type }: MoonlightEvent): void => {
      if (type === "stage.started") controller.abort();
    };
    const { signal } = controller;
    await expect(
      runPipeline(toy, {}, { workspace: workspace.root, signal, onEvent }),
    ).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect(calls).toEqual([]);
    expect(await readdir(workspace.locks)).toEqual([]);
  });

  it("ends as interrupted when asked to stop", async () => {
    const controller = new AbortController();
    const onEvent = ({ type }: MoonlightEvent): void => {
      if (type === "stage.finished") controller.abort();
    };
    const { signal } = controller;
    await expect(
      runPipeline(toy, {}, { workspace: workspace.root, signal, onEvent }),
    ).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect((await listRuns(workspace))[0]?.status).toBe("interrupted");
    const resumed = await runPipeline(toy, undefined, options({ resume: "latest" }));
    expect(resumed.outputs.value).toBe(12);
    expect(calls).toEqual(["numbers 3", "sum 1", "sum 2"]);
  });

  it("lets a pipeline catch a failure and try again", async () => {
    let attempts = 0;
    const flaky = defineStage({
      name: "flaky",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ n: z.number() }),
      run: async () => {
        if (++attempts === 1) throw new Error("flaky");
        return { n: attempts };
      },
    });
    const pipeline = definePipeline({
      name: "again",
      params: z.object({}),
      run: (stage) => stage(flaky, {}).catch(() => stage(flaky, {})),
    });
    expect((await runPipeline(pipeline, {}, options())).outputs).toEqual({ n: 2 });
  });
});

describe("resume", () => {
  it("keeps references as they were resolved at first", async () => {
    let head = "one";
    let fail = true;
    const fetch = defineStage({
      name: "fetch",
      from: import.meta.url,
      input: z.object({
        revision: z.string(),
        hint: z.string().optional(),
        endpoint: unkeyed(z.string()),
      }),
      output: z.object({ commit: z.string(), via: z.string() }),
      // Drops `hint`, which must not come back from what was asked.
      resolve: async ({ revision, endpoint }) => ({
        revision: revision === "main" ? head : revision,
        endpoint,
      }),
      run: async ({ revision, endpoint }) => {
        if (fail) throw new Error("offline");
        return { commit: revision, via: endpoint };
      },
    });
    const pipeline = definePipeline({
      name: "resolving",
      params: z.object({ endpoint: unkeyed(z.string()) }),
      run: (stage, { endpoint }) => stage(fetch, { revision: "main", hint: "h", endpoint }),
    });
    await expect(runPipeline(pipeline, { endpoint: "a" }, options())).rejects.toThrow("offline");
    head = "two";
    fail = false;
    const resumed = await runPipeline(pipeline, { endpoint: "b" }, options({ resume: "latest" }));
    expect(resumed.outputs).toEqual({ commit: "one", via: "b" });
    expect(events.filter(({ type }) => type === "warning")).toEqual([]);
    const fresh = await runPipeline(pipeline, { endpoint: "b" }, options());
    expect(fresh.outputs.commit).toBe("two");
  });

  it("uses journaled results of stages that are never cached", async () => {
    let runs = 0;
    let fail = true;
    const remote = defineStage({
      name: "remote",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ n: z.number() }),
      cacheable: () => false,
      run: async () => ({ n: ++runs }),
    });
    const pipeline = definePipeline({
      name: "remote",
      params: z.object({}),
      async run(stage) {
        const { n } = await stage(remote, {});
        if (fail) throw new Error("later");
        return n;
      },
    });
    await expect(runPipeline(pipeline, {}, options())).rejects.toThrow("later");
    fail = false;
    expect((await runPipeline(pipeline, {}, options({ resume: "latest" }))).outputs).toBe(1);
    expect((await runPipeline(pipeline, {}, options())).outputs).toBe(2);
  });

  it("counts the time at work, and not what lies between an interruption and going on", async () => {
    let time = Date.UTC(2026, 10, 29);
    const clock = { now: () => new Date(time) };
    let takes = 5_000;
    const slow = defineStage({
      ...numbers,
      async run(input, context) {
        time += takes;
        if (takes === 5_000) throw new MoonlightError("BROKEN", "broken");
        return await numbers.run(input, context);
      },
    });
    const pipeline = definePipeline({
      name: "slow",
      params: z.strictObject({}),
      run: (stage) => stage(slow, { count: 1 }),
    });
    await expect(runPipeline(pipeline, {}, options({ clock }))).rejects.toThrow("broken");
    const seconds = async (): Promise<unknown> => {
      const [run] = await listRuns(workspace);
      return run && runSeconds(run);
    };
    expect(await seconds()).toBe(5);
    time += 3_600_000;
    takes = 2_000;
    const { id, folder } = await runPipeline(pipeline, {}, options({ clock, resume: "latest" }));
    expect(await seconds()).toBe(7);
    // Of a process that was killed, its last entry tells how far it came.
    const journal = join(folder, "journal.ndjson");
    const entries = (await readFile(journal, "utf8")).trim().split("\n");
    expect(entries.at(-1)).toContain('"closed"');
    await writeFile(journal, `${entries.slice(0, -1).join("\n")}\n`);
    time += 3_600_000;
    await runPipeline(pipeline, {}, options({ clock, resume: id }));
    expect(await seconds()).toBe(7);
    const run = await readRun(workspace, id);
    expect(run.resumed).toBe(clock.now().toISOString());
    const { finished: _, ...going } = run;
    expect(runSeconds(going)).toBeUndefined();
    expect(runSeconds(going, new Date(time + 1_000))).toBe(8);
  });

  it("does damaged work again, and says so", async () => {
    const first = await runPipeline(toy, {}, options());
    await writeFile(join(first.outputs.list.path, "list.txt"), "x");
    events = [];
    const again = await runPipeline(toy, undefined, options({ resume: first.id }));
    expect(again.outputs).toEqual(first.outputs);
    expect(events.filter(({ type }) => type === "warning")).toMatchObject([
      { code: "RESUME_CHANGED", stage: "numbers" },
      { code: "CACHE_DAMAGED", stage: "numbers" },
    ]);
    expect(told("stage.reused")).toEqual(["sum", "sum-twice"]);
  });

  it("O2 gets by with a torn last line, and refuses a broken one before it", async () => {
    const { id, folder } = await runPipeline(toy, {}, options());
    const journal = join(folder, "journal.ndjson");
    await appendFile(journal, '{"type":"fini');
    await appendFile(join(folder, "events.ndjson"), '{"ty');
    await runPipeline(toy, undefined, options({ resume: id }));
    expect(await readFile(journal, "utf8")).not.toContain('"fini{');
    for await (const event of readRunEvents(workspace, id)) eventSchema.parse(event);
    await appendFile(journal, "garbage\n");
    await expect(runPipeline(toy, undefined, options({ resume: id }))).rejects.toMatchObject({
      code: "NDJSON_CORRUPT",
      file: journal,
      exitCode: 4,
    });
  });

  it("refuses other parameters and other pipelines, but not another port", async () => {
    const { id } = await runPipeline(toy, { count: 2, port: 1 }, options());
    const resume = options({ resume: id });
    await runPipeline(toy, { count: 2, port: 2 }, resume);
    await runPipeline(toy, { port: 3 }, resume);
    await expect(runPipeline(toy, { count: 3 }, resume)).rejects.toMatchObject({
      code: "RESUME_PARAMS",
      field: "count",
    });
    const other = definePipeline({ ...toy, name: "other" });
    await expect(runPipeline(other, undefined, resume)).rejects.toMatchObject({
      code: "RESUME_PIPELINE",
    });
  });

  it("refuses a run that is at work, here or on another host", async () => {
    const { id, folder } = await runPipeline(toy, {}, options());
    const inside = definePipeline({
      ...toy,
      run: async () => {
        const busy = runPipeline(toy, undefined, options({ resume: id }));
        await expect(busy).rejects.toMatchObject({ code: "LOCK_HELD", exitCode: 75 });
      },
    });
    await runPipeline(inside, undefined, options({ resume: id }));
    const holder = { pid: 1, host: "elsewhere", start: "x", since: "then" };
    await writeFile(join(folder, "lock"), JSON.stringify(holder));
    await expect(runPipeline(toy, undefined, options({ resume: id }))).rejects.toMatchObject({
      code: "LOCK_HELD_ELSEWHERE",
      exitCode: 75,
    });
  });
});

describe("runs", () => {
  it("are found by id, by a unique part, or as the latest", async () => {
    const a = await runPipeline(toy, { count: 1 }, options({ clock: at("2026-11-23T18:20:30Z") }));
    const b = await runPipeline(toy, { count: 2 }, options({ clock: at("2026-11-24T18:20:30Z") }));
    expect(a.id).toMatch(/^20261123-182030-/);
    expect((await listRuns(workspace)).map(({ id }) => id)).toEqual([a.id, b.id]);
    expect(await findRun(workspace, a.id)).toBe(a.id);
    expect(await findRun(workspace, "20261124")).toBe(b.id);
    expect(await findRun(workspace, "latest")).toBe(b.id);
    expect(await findRun(workspace, "latest~0")).toBe(b.id);
    expect(await findRun(workspace, "latest~1")).toBe(a.id);
    await expect(findRun(workspace, "latest~2")).rejects.toMatchObject({
      code: "RUN_UNKNOWN",
      hint: expect.stringContaining("only 2 runs"),
    });
    await expect(findRun(workspace, "2026112")).rejects.toMatchObject({
      code: "RUN_UNKNOWN",
      hint: expect.stringContaining("several"),
    });
    await expect(findRun(workspace, a.id.slice(0, -1) + "x")).rejects.toMatchObject({
      hint: `Did you mean "${a.id}"?`,
    });
    const empty = openWorkspace(join(temporary.path, "empty"));
    await expect(findRun(empty, "latest")).rejects.toMatchObject({
      hint: expect.stringContaining("no runs"),
    });
    expect(await listRuns(empty)).toEqual([]);
  });

  const at = (time: string) => ({ now: () => new Date(time) });
});
