import { access, cp, readFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { codesOf, TrainBench, type GivenRun } from "../../fixtures/train-bench.ts";
import type { StandInMode } from "../testing/stand-in.ts";

const bench = new TrainBench();
const told = (run: GivenRun): string => JSON.stringify(run.events);
const lastGood = async (): Promise<unknown> =>
  JSON.parse(await readFile(join(bench.save, ".moonlight", "last-good.json"), "utf8"));

/** A run whose first job ends so, and whose second goes well. */
async function recovers(mode: StandInMode, set: readonly string[] = []): Promise<GivenRun> {
  await bench.begin({ modes: [mode, "ok"] });
  const run = bench.given({}, set);
  expect(await bench.train(run)).toMatchObject({ iteration: 3 });
  expect(bench.posts()).toBe(2);
  await bench.wholeHistory();
  return run;
}

/** The numbers are those of the project's list of faults; which test has the others is in `tools/check/src/fault-list.test.ts`. */
describe("faults of training on miles", () => {
  it("T1: a job that fails by itself is given up, with its own words", async () => {
    await bench.begin({ modes: ["crash"] });
    await expect(bench.train(bench.given())).rejects.toMatchObject({
      code: "TRAIN_JOB_FAILED",
      exitCode: 1,
      field: "user-code",
      message: expect.stringContaining("label 'x' is not a number"),
      file: expect.stringContaining("job-1.log"),
    });
    expect(bench.posts()).toBe(1);
  });

  it.each([
    ["by a signal", "killed", "(killed)"],
    ["by lack of host memory, as Ray and PyTorch say it", "oom-host", "(oom-host)"],
    ["by lack of GPU memory", "oom", "(oom-gpu)"],
    ["by a worker's death, as Ray says it", "worker-killed", "(actor-died)"],
    ["by preemption", "preempted", "(preempted)"],
  ] as const)(
    "T1: a job that was ended %s is tried again from its checkpoint",
    async (_, mode, category) => {
      const run = await recovers(mode);
      expect(told(run)).toContain(category);
      expect(codesOf(run)).toContain("TRAIN_RETRY");
    },
  );

  it("T2: a job that says nothing any more is explained, ended and tried again", async () => {
    await bench.begin({ modes: ["hang", "ok"] });
    // On a busy machine a job that works is as still as this; then it is tried again as well.
    const run = bench.given({ onHang: "restart", hangMinutes: 0.03, retries: 20 });
    expect(await bench.train(run)).toMatchObject({ iteration: 3 });
    expect(codesOf(run).join()).toContain("HANG_");
    const ends = [...bench.server.jobs.values()].map(({ status }) => status);
    expect([ends[0], ends.at(-1)]).toEqual(["STOPPED", "SUCCEEDED"]);
  }, 60_000);

  it("T3: a job whose head is gone is submitted anew", async () => {
    await bench.begin({ rolloutMs: 40 });
    const run = bench.given();
    const running = bench.train(run);
    while (!told(run).includes("checkpoint of rollout 1")) await sleep(5);
    for (const job of bench.server.jobs.values()) job.stop();
    bench.server.jobs.clear();
    expect(await running).toMatchObject({ iteration: 3 });
    expect(bench.posts()).toBe(2);
    await bench.wholeHistory();
  });

  it("T4: an engine that died behind a job that reports success is a failure", async () => {
    const run = await recovers("engine-dead");
    expect(told(run)).toContain("(ended-early)");
    expect(codesOf(run)).toContain("FAILURE_ENGINE_DEAD");
  });

  it("T5: a save without its position in the prompts does not count", async () => {
    const run = await recovers("killed-in-save");
    expect(codesOf(run)).toContain("CHECKPOINT_DATA_STATE");
  });

  it("T6: of a damaged checkpoint that the tracker names, the one before is taken", async () => {
    await bench.begin();
    await bench.train(bench.given());
    await truncate(join(bench.save, "iter_0000003", "__0_0.distcp"), 1000);
    const again = bench.given();
    expect(await bench.train(again)).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(codesOf(again)).toContain("CHECKPOINT_DAMAGED");
    await bench.wholeHistory();
  });

  it("T7: success without a step is a failure", async () => {
    await bench.begin({ modes: ["zero-steps"] });
    await expect(bench.train(bench.given())).rejects.toMatchObject({
      code: "TRAIN_NO_STEP",
      exitCode: 1,
    });
    expect(bench.posts()).toBe(1);
  });

  it("T8: rewards that are all zero raise an alarm", async () => {
    await bench.begin({ modes: ["zero-reward"] });
    const run = bench.given();
    await bench.train(run);
    expect(codesOf(run)).toContain("ALARM_REWARD_ALL_ZERO");
  });

  it("T9: a loss that is no number raises an alarm", async () => {
    await bench.begin({ modes: ["nan"] });
    const run = bench.given();
    await bench.train(run);
    expect(codesOf(run)).toContain("ALARM_NOT_FINITE");
  });

  it("T10: a disk that is full in a save ends the run, and half a save is never gone on from", async () => {
    await bench.begin({ modes: ["disk-full", "ok"] });
    const run = bench.given();
    await expect(bench.train(run)).rejects.toMatchObject({
      code: "TRAIN_JOB_FAILED",
      field: "disk-full",
      hint: expect.stringContaining("remove old checkpoints"),
    });
    expect(bench.posts()).toBe(1);
    await access(join(bench.save, "iter_0000003"));
    expect(await lastGood()).toMatchObject({ iteration: 1 });
    // Were its tracker and its data position still written, it would be as good as none.
    await writeFile(join(bench.save, "latest_checkpointed_iteration.txt"), "3");
    await cp(
      join(bench.save, "rollout", "global_dataset_state_dict_1.pt"),
      join(bench.save, "rollout", "global_dataset_state_dict_3.pt"),
    );
    expect(await bench.train(bench.given())).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(await lastGood()).toMatchObject({ iteration: 3 });
    await bench.wholeHistory();
  });

  it("T12: an interrupt leaves no job behind", async () => {
    await bench.begin({ rolloutMs: 60 });
    const run = bench.given({ onInterrupt: "stop" });
    const running = bench.train(run);
    while (!told(run).includes("checkpoint of rollout 1")) await sleep(5);
    run.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect([...bench.server.jobs.values()].map(({ status }) => status)).toEqual(["STOPPED"]);
    expect(await bench.train(bench.given())).toMatchObject({ iteration: 3, resumedAfter: 1 });
    await bench.wholeHistory();
  });
});
