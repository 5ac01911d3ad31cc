import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { EventInput } from "@moonlight-rl/core";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { writeTestIteration } from "./testing/checkpoints.ts";
import { JobsServer } from "./testing/jobs-server.ts";
import { standIn, type StandInOptions } from "./testing/stand-in.ts";
import { createTrainBackend } from "./train-backend.ts";
import type { MilesSettings } from "./train/settings.ts";
import type { MilesTrainRequest, MilesTrainResult } from "./train/train-request.ts";

const modelDir = join(assetsDirectory, "models", MODEL);
let base: string;
let folder: string;
let server: JobsServer;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "moonlight-base-"));
  await writeTestIteration(base, modelDir, { iteration: "release" });
});
afterAll(() => rm(base, { recursive: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-miles-"));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

interface Given {
  readonly events: EventInput[];
  readonly stop: AbortController;
  readonly request: MilesTrainRequest;
}

function given(miles: MilesSettings = {}, set: readonly string[] = []): Given {
  const events: EventInput[] = [];
  const stop = new AbortController();
  const { recipe } = resolveRecipe({
    profile: "tiny",
    set: [
      "rollout.numRollout=4",
      "checkpoint.saveInterval=2",
      "rollout.numStepsPerRollout=2",
      "eval.interval=null",
      ...set,
    ],
  });
  return {
    events,
    stop,
    request: {
      recipe,
      checkpointDir: base,
      modelDir,
      promptFile: join(assetsDirectory, "datasets", PROMPT_DATA, "tiny-dapo-math.jsonl"),
      evalSets: [
        {
          name: "tiny-aime",
          file: join(assetsDirectory, "datasets", EVAL_DATA, "tiny-aime.jsonl"),
        },
      ],
      saveDir: join(folder, "save"),
      emit: (event) => void events.push(event),
      signal: stop.signal,
      miles: { rayAddress: server.url, pollSeconds: 0.02, preflight: "off", ...miles },
    },
  };
}
const begin = async (options: StandInOptions = {}): Promise<void> => {
  server = await JobsServer.start({ run: standIn(options) });
};
const train = ({ request }: Given): Promise<MilesTrainResult> =>
  createTrainBackend().train(request);
const codes = ({ events }: Given): string[] =>
  events.flatMap((event) => (event.type === "warning" ? [event.code] : []));
const history = async (): Promise<{ step: number; values: Record<string, number> }[]> =>
  (await readFile(join(folder, "save", "history.ndjson"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as never);
/** The history, and that every figure of every rollout is there exactly once. */
async function wholeHistory(rollouts = 4): Promise<unknown[]> {
  const points = await history();
  const keys = points.flatMap(({ step, values }) =>
    Object.keys(values).map((name) => `${step} ${name}`),
  );
  expect(new Set(keys).size).toBe(keys.length);
  for (let step = 0; step < rollouts; step++)
    for (const name of ["rollout/raw_reward", "train/loss", "rollout/response_len/mean"])
      expect(keys).toContain(`${step} ${name}`);
  return points;
}
const posts = (): number => server.requests.filter((line) => line === "POST /api/jobs/").length;

describe("the miles backend", () => {
  it("submits, follows to the end, and judges by the checkpoint", async () => {
    await begin();
    const run = given();
    expect(await train(run)).toEqual({
      checkpointDir: join(folder, "save"),
      iteration: 3,
      rollouts: 4,
      optimizerSteps: 8,
      resumedAfter: undefined,
    });
    expect(codes(run)).toEqual([]);
    const points = await wholeHistory();
    // Two steps a rollout, averaged.
    expect(points).toContainEqual(
      expect.objectContaining({ step: 0, values: expect.objectContaining({ "train/loss": 0.75 }) }),
    );
    expect(run.events.filter(({ type }) => type === "metric")).toHaveLength(points.length);
    const entrypoint = [...server.jobs.values()][0]?.request.entrypoint ?? "";
    expect(entrypoint).toContain(`--save ${join(folder, "save")}`);
    expect(entrypoint).toContain(`--ref-load ${base}`);
    expect(run.events).toContainEqual(
      expect.objectContaining({ type: "progress", done: 4, total: 4 }),
    );
    expect(
      JSON.parse(await readFile(join(folder, "save", ".moonlight", "last-good.json"), "utf8")),
    ).toMatchObject({ iteration: 3 });
  });

  it("finds a finished run finished, without a cluster", async () => {
    await begin();
    await train(given());
    const before = server.requests.length;
    expect(await train(given())).toMatchObject({
      iteration: 3,
      resumedAfter: 3,
      optimizerSteps: 8,
    });
    expect(server.requests.length).toBe(before);
  });

  it("goes on from the last checkpoint after a failure that may pass", async () => {
    await begin({ modes: ["oom", "preempted", "ok"] });
    const run = given({}, ["rollout.numRollout=6"]);
    expect(await train(run)).toMatchObject({ iteration: 5, resumedAfter: undefined });
    expect(posts()).toBe(3);
    expect(codes(run).filter((code) => code === "TRAIN_RETRY")).toHaveLength(2);
    const told = JSON.stringify(run.events);
    expect(told).toContain("(oom-gpu)");
    expect(told).toContain("(preempted)");
    await wholeHistory(6);
  });

  it("goes on before a save whose data position is missing", async () => {
    await begin({ modes: ["killed-in-save", "ok"] });
    const run = given();
    expect(await train(run)).toMatchObject({ iteration: 3 });
    expect(codes(run)).toContain("CHECKPOINT_DATA_STATE");
    await wholeHistory();
  });

  it("gives up at a fault of the code, and says what it was", async () => {
    await begin({ modes: ["crash"] });
    await expect(train(given())).rejects.toMatchObject({
      code: "TRAIN_JOB_FAILED",
      field: "user-code",
      message: expect.stringContaining("label 'x' is not a number"),
      file: expect.stringContaining("job-1.log"),
    });
    expect(posts()).toBe(1);
  });

  it("gives up when trying again brings nothing", async () => {
    await begin({ modes: ["oom", "hang"] });
    const run = given({ retries: 1, onHang: "restart", hangMinutes: 0.02 });
    await expect(train(run)).rejects.toMatchObject({ code: "TRAIN_JOB_FAILED", field: "hang" });
    expect(codes(run).join()).toContain("HANG_");
    expect([...server.jobs.values()].at(-1)?.status).toBe("STOPPED");
  });

  it("takes success without a step for a failure", async () => {
    await begin({ modes: ["zero-steps"] });
    await expect(train(given())).rejects.toMatchObject({ code: "TRAIN_NO_STEP", exitCode: 1 });
    expect(posts()).toBe(1);
  });

  it("takes weights that are those of the start for a failure", async () => {
    await begin({ modes: ["unchanged"] });
    await expect(train(given())).rejects.toMatchObject({
      code: "TRAIN_WEIGHTS_UNCHANGED",
      exitCode: 4,
    });
  });

  it("stops the job at an interrupt, and goes on from its checkpoint", async () => {
    await begin({ rolloutMs: 60 });
    const first = given({ onInterrupt: "stop" });
    const running = train(first);
    while (!JSON.stringify(first.events).includes("checkpoint of rollout 1")) await sleep(5);
    first.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect([...server.jobs.values()].map(({ status }) => status)).toEqual(["STOPPED"]);
    expect(await train(given())).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(posts()).toBe(2);
    await wholeHistory();
  });

  it("detaches, and follows the same job again without a line lost or doubled", async () => {
    await begin({ rolloutMs: 60 });
    const first = given({ onInterrupt: "detach" });
    const running = train(first);
    while (!first.events.some(({ type }) => type === "metric")) await sleep(5);
    first.stop.abort();
    await expect(running).rejects.toMatchObject({
      code: "INTERRUPTED",
      hint: expect.stringContaining("follows it again"),
    });
    expect([...server.jobs.values()].map(({ status }) => status)).toEqual(["RUNNING"]);
    const second = given();
    expect(await train(second)).toMatchObject({ iteration: 3, resumedAfter: undefined });
    expect(posts()).toBe(1);
    await wholeHistory();
    const [job] = server.jobs.values();
    expect(await readFile(join(folder, "save", ".moonlight", "job-1.log"), "utf8")).toBe(job?.log);
    const told = [...first.events, ...second.events].filter((event) => event.type === "metric");
    expect(told.length).toBe((await history()).length);
  });

  it("submits another job when the cluster has forgotten its own", async () => {
    await begin({ rolloutMs: 40 });
    const run = given();
    const running = train(run);
    while (!JSON.stringify(run.events).includes("checkpoint of rollout 1")) await sleep(5);
    for (const job of server.jobs.values()) job.stop();
    server.jobs.clear();
    expect(await running).toMatchObject({ iteration: 3 });
    expect(posts()).toBe(2);
    await wholeHistory();
  });

  it("takes a job that is gone for lost, even if it never got to read its log", async () => {
    await begin({ modes: ["hang", "ok"] });
    const first = given({ onInterrupt: "detach" });
    first.stop.signal.addEventListener("abort", () => server.jobs.clear());
    await expect(
      train({
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
    const second = given();
    expect(await train(second)).toMatchObject({ iteration: 3 });
    expect(posts()).toBe(2);
    expect([...server.jobs.keys()][0]).toMatch(/-2$/);
    expect(codes(second)).not.toContain("RAY_LOG_CHANGED");
  });

  it("keeps secrets out of the job, out of events and out of files", async () => {
    await begin();
    const secret = "wandb-planted-0123456789abcdef";
    process.env["WANDB_API_KEY"] = secret;
    try {
      const run = given({}, [
        "tracking.useWandb=true",
        "tracking.wandbProject=p",
        "tracking.wandbGroup=g",
      ]);
      await train(run);
      const [job] = server.jobs.values();
      const variables = job?.request.runtime_env?.env_vars ?? {};
      expect(variables["NETRC"]).toMatch(/netrc$/);
      expect(JSON.stringify(job?.answer()) + JSON.stringify(run.events)).not.toContain(secret);
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect((await readFile(join(entry.parentPath, entry.name))).includes(secret)).toBe(false);
      for (const set of [
        `runtime.env={HF_TOKEN: abcdefghij}`,
        `runtime.env={NOTE: ${secret}}`,
        `runtime.extraArgs=["--wandb-key", "abcdefghij"]`,
      ]) {
        const refused = await train(given({}, [set])).catch((error: unknown) => error);
        expect(refused).toMatchObject({ code: "TRAIN_SECRET_IN_JOB", exitCode: 2 });
        expect(JSON.stringify(refused)).not.toContain("planted");
      }
    } finally {
      delete process.env["WANDB_API_KEY"];
    }
  });

  it("refuses what the framework would refuse, before a cluster is asked", async () => {
    await begin();
    await expect(train(given({}, ["parallelism.tensorModelParallelSize=3"]))).rejects.toMatchObject(
      { code: "TRAIN_ARGV_REJECTED", exitCode: 2 },
    );
    expect(server.requests).toEqual([]);
    const refused = createTrainBackend().refuse(
      given({}, ["checkpoint.saveInterval=null", "debug.rolloutOnly=true"]).request.recipe,
    );
    expect(refused.map(({ field }) => field)).toEqual([
      "checkpoint.saveInterval",
      "debug.rolloutOnly",
    ]);
  });

  it("says when the cluster has too few GPUs", async () => {
    await begin({ modes: ["crash"] });
    server.gpus = 0;
    const run = given();
    await expect(train(run)).rejects.toMatchObject({ code: "TRAIN_JOB_FAILED" });
    expect(codes(run)).toContain("RAY_GPUS_SHORT");
  });

  it("sees idle GPUs in the framework's dashboard records", async () => {
    await begin({ modes: ["hang"] });
    const dump = join(folder, "dump");
    const run = given({ onInterrupt: "stop" }, [`debug.dumpDetails=${dump}`]);
    const running = train(run);
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
    while (!codes(run).includes("ALARM_GPU_IDLE")) await sleep(5);
    run.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
  });

  it("is one process at a time in a folder", async () => {
    await begin({ rolloutMs: 50 });
    const first = given();
    const running = train(first);
    while (posts() === 0) await sleep(5);
    await expect(train(given())).rejects.toMatchObject({ code: "LOCK_HELD" });
    await running;
  });
});
