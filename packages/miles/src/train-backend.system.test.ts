import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { codesOf, TrainBench } from "../fixtures/train-bench.ts";
import { createTrainBackend } from "./train-backend.ts";

const bench = new TrainBench();

describe("the miles backend", () => {
  it("submits, follows to the end, and judges by the checkpoint", async () => {
    await bench.begin();
    const run = bench.given();
    expect(await bench.train(run)).toEqual({
      checkpointDir: bench.save,
      iteration: 3,
      rollouts: 4,
      optimizerSteps: 8,
      resumedAfter: undefined,
    });
    expect(codesOf(run)).toEqual([]);
    const points = await bench.wholeHistory();
    // Two steps a rollout, averaged.
    expect(points).toContainEqual(
      expect.objectContaining({ step: 0, values: expect.objectContaining({ "train/loss": 0.75 }) }),
    );
    expect(run.events.filter(({ type }) => type === "metric")).toHaveLength(points.length);
    const entrypoint = [...bench.server.jobs.values()][0]?.request.entrypoint ?? "";
    expect(entrypoint).toContain(`--save ${bench.save}`);
    expect(entrypoint).toContain(`--ref-load ${bench.base}`);
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "progress", done: 4, total: 4 }),
    );
    expect(
      JSON.parse(await readFile(join(bench.save, ".moonlight", "last-good.json"), "utf8")),
    ).toMatchObject({ iteration: 3 });
  });

  it("finds a finished run finished, without a cluster", async () => {
    await bench.begin();
    await bench.train(bench.given());
    const before = bench.server.requests.length;
    expect(await bench.train(bench.given())).toMatchObject({
      iteration: 3,
      resumedAfter: 3,
      optimizerSteps: 8,
    });
    expect(bench.server.requests.length).toBe(before);
  });

  it("goes on from the last checkpoint after a failure that may pass", async () => {
    await bench.begin({ modes: ["oom", "preempted", "ok"] });
    const run = bench.given({}, ["rollout.numRollout=6"]);
    expect(await bench.train(run)).toMatchObject({ iteration: 5, resumedAfter: undefined });
    expect(bench.posts()).toBe(3);
    expect(codesOf(run).filter((code) => code === "TRAIN_RETRY")).toHaveLength(2);
    const told = JSON.stringify(run.events);
    expect(told).toContain("(oom-gpu)");
    expect(told).toContain("(preempted)");
    await bench.wholeHistory(6);
  });

  it("gives up when trying again brings nothing", async () => {
    await bench.begin({ modes: ["oom", "hang"] });
    const run = bench.given({ retries: 1, onHang: "restart", hangMinutes: 0.02 });
    await expect(bench.train(run)).rejects.toMatchObject({
      code: "TRAIN_JOB_FAILED",
      field: "hang",
    });
    expect(codesOf(run).join()).toContain("HANG_");
    expect([...bench.server.jobs.values()].at(-1)?.status).toBe("STOPPED");
  });

  it("takes weights that are those of the start for a failure", async () => {
    await bench.begin({ modes: ["unchanged"] });
    await expect(bench.train(bench.given())).rejects.toMatchObject({
      code: "TRAIN_WEIGHTS_UNCHANGED",
      exitCode: 4,
    });
  });

  it("detaches, and follows the same job again without a line lost or doubled", async () => {
    await bench.begin({ rolloutMs: 60 });
    const first = bench.given({ onInterrupt: "detach" });
    const running = bench.train(first);
    while (!first.events.some(({ type }) => type === "metric")) await sleep(5);
    first.stop.abort();
    await expect(running).rejects.toMatchObject({
      code: "INTERRUPTED",
      hint: expect.stringContaining("follows it again"),
    });
    expect([...bench.server.jobs.values()].map(({ status }) => status)).toEqual(["RUNNING"]);
    const second = bench.given();
    expect(await bench.train(second)).toMatchObject({ iteration: 3, resumedAfter: undefined });
    expect(bench.posts()).toBe(1);
    await bench.wholeHistory();
    const [job] = bench.server.jobs.values();
    expect(await readFile(join(bench.save, ".moonlight", "job-1.log"), "utf8")).toBe(job?.log);
    const told = [...first.events, ...second.events].filter((event) => event.type === "metric");
    expect(told.length).toBe((await bench.history()).length);
  });

  it("takes a job that is gone for lost, even if it never got to read its log", async () => {
    await bench.begin({ modes: ["hang", "ok"] });
    const first = bench.given({ onInterrupt: "detach" });
    first.stop.signal.addEventListener("abort", () => bench.server.jobs.clear());
    await expect(
      bench.train({
        ...first,
        request: {
          ...first.request,
          emit: (event) => {
            first.events.push(event);
            if (event.type === "progress") first.stop.abort();
          },
        },
      }),
    ).rejects.toMatchObject({ code: "INTERRUPTED" });
    const second = bench.given();
    expect(await bench.train(second)).toMatchObject({ iteration: 3 });
    expect(bench.posts()).toBe(2);
    expect([...bench.server.jobs.keys()][0]).toMatch(/-2$/);
    expect(codesOf(second)).not.toContain("RAY_LOG_CHANGED");
  });

  it("keeps secrets out of the job, out of events and out of files", async () => {
    await bench.begin();
    const secret = "wandb-planted-0123456789abcdef";
    process.env["WANDB_API_KEY"] = secret;
    try {
      const run = bench.given({}, [
        "tracking.useWandb=true",
        "tracking.wandbProject=p",
        "tracking.wandbGroup=g",
      ]);
      await bench.train(run);
      const [job] = bench.server.jobs.values();
      const variables = job?.request.runtime_env?.env_vars ?? {};
      expect(variables["NETRC"]).toMatch(/netrc$/);
      expect(JSON.stringify(job?.answer()) + JSON.stringify(run.events)).not.toContain(secret);
      for (const entry of await readdir(bench.folder, { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect((await readFile(join(entry.parentPath, entry.name))).includes(secret)).toBe(false);
      for (const set of [
        `runtime.env={HF_TOKEN: abcdefghij}`,
        `runtime.env={NOTE: ${secret}}`,
        `runtime.extraArgs=["--wandb-key", "abcdefghij"]`,
      ]) {
        const refused = await bench.train(bench.given({}, [set])).catch((error: unknown) => error);
        expect(refused).toMatchObject({ code: "TRAIN_SECRET_IN_JOB", exitCode: 2 });
        expect(JSON.stringify(refused)).not.toContain("planted");
      }
    } finally {
      delete process.env["WANDB_API_KEY"];
    }
  });

  it("refuses what the framework would refuse, before a cluster is asked", async () => {
    await bench.begin();
    await expect(
      bench.train(bench.given({}, ["parallelism.tensorModelParallelSize=3"])),
    ).rejects.toMatchObject({ code: "TRAIN_ARGV_REJECTED", exitCode: 2 });
    expect(bench.server.requests).toEqual([]);
    const refused = createTrainBackend().refuse(
      bench.given({}, ["checkpoint.saveInterval=null", "debug.rolloutOnly=true"]).request.recipe,
    );
    expect(refused.map(({ field }) => field)).toEqual([
      "checkpoint.saveInterval",
      "debug.rolloutOnly",
    ]);
  });

  it("says when the cluster has too few GPUs", async () => {
    await bench.begin({ modes: ["crash"] });
    bench.server.gpus = 0;
    const run = bench.given();
    await expect(bench.train(run)).rejects.toMatchObject({ code: "TRAIN_JOB_FAILED" });
    expect(codesOf(run)).toContain("RAY_GPUS_SHORT");
  });

  it("sees idle GPUs in the framework's dashboard records", async () => {
    await bench.begin({ modes: ["hang"] });
    const dump = join(bench.folder, "dump");
    const run = bench.given({ onInterrupt: "stop" }, [`debug.dumpDetails=${dump}`]);
    const running = bench.train(run);
    while (!run.events.some(({ type }) => type === "metric")) await sleep(5);
    const reading = { node: "10.0.0.1", gpu: 0, util: 0, mem_mb: 1, power_w: 1 };
    const lines = Array.from({ length: 80 }, (_, i) =>
      JSON.stringify({ ts: Date.now() / 1000 + 10 * (i + 1), ...reading }),
    );
    await mkdir(join(dump, "dashboard", "gpu_util"), { recursive: true });
    await writeFile(
      join(dump, "dashboard", "gpu_util", "20260811_12.jsonl"),
      `${lines.join("\n")}\n`,
    );
    while (!codesOf(run).includes("ALARM_GPU_IDLE")) await sleep(5);
    run.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("is one process at a time in a folder", async () => {
    await bench.begin({ rolloutMs: 50 });
    const first = bench.given();
    const running = bench.train(first);
    while (bench.posts() === 0) await sleep(5);
    await expect(bench.train(bench.given())).rejects.toMatchObject({ code: "LOCK_HELD" });
    await running;
  });
});
