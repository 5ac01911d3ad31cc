import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { EventInput } from "@moonlight-rl/core";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { JobsServer } from "../testing/jobs-server.ts";
import { standIn, type StandInOptions } from "../testing/stand-in.ts";
import { debugMiles } from "./debug-run.ts";
import type { DebugRequest } from "./debug-request.ts";

const golden = fileURLToPath(new URL("../../golden/dump/rollout_data/", import.meta.url));
const modelDir = join(assetsDirectory, "models", MODEL);
let folder: string;
let server: JobsServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-debug-"));
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
const begin = async (options: StandInOptions = {}): Promise<void> => {
  server = await JobsServer.start({ run: standIn(options) });
};

type Given = Omit<DebugRequest, "emit" | "signal"> & {
  readonly events: EventInput[];
  readonly stop: AbortController;
};
function given(mode: DebugRequest["mode"], change: Partial<DebugRequest> = {}): Given {
  const { recipe } = resolveRecipe({
    profile: "tiny",
    set: ["rollout.numRollout=4", "rollout.numStepsPerRollout=2"],
  });
  return {
    mode,
    recipe,
    modelDir,
    checkpointDir: folder,
    promptFile: join(assetsDirectory, "datasets", PROMPT_DATA, "tiny-dapo-math.jsonl"),
    evalSets: [
      { name: "tiny-aime", file: join(assetsDirectory, "datasets", EVAL_DATA, "tiny-aime.jsonl") },
    ],
    rollouts: 2,
    outDir: join(folder, "out"),
    miles: { rayAddress: server.url, pollSeconds: 0.02, preflight: "off", ...change.miles },
    events: [],
    stop: new AbortController(),
    ...change,
  };
}
const run = ({ events, stop, ...request }: Given): ReturnType<typeof debugMiles> =>
  debugMiles({ ...request, emit: (event) => void events.push(event), signal: stop.signal });
const entrypoint = (): string => [...server.jobs.values()][0]?.request.entrypoint ?? "";

describe("a debug run", () => {
  it("generates rollouts alone, and has them to show", async () => {
    await begin();
    const { checkpointDir: _, ...without } = given("rollout");
    const result = await run(without);
    expect(result).toMatchObject({ mode: "rollout", optimizerSteps: 0 });
    expect(result.rollouts.map(({ rollout, summary }) => [rollout, summary.samples])).toEqual([
      [0, 12],
      [1, 12],
    ]);
    expect(result.metrics).toMatchObject({ "rollout/response_len/mean": 9.5 });
    expect(entrypoint()).toContain("--debug-rollout-only");
    expect(entrypoint()).not.toMatch(/--save |--eval-interval|--debug-train-only/);
    expect(await readFile(result.log, "utf8")).toContain("perf 1:");
  });

  it("trains on kept rollouts alone, also from the midst", async () => {
    await begin();
    for (const name of ["1", "2"]) {
      await mkdir(join(folder, "kept"), { recursive: true });
      await copyFile(join(golden, `${name}.pt`), join(folder, "kept", `${name}.pt`));
    }
    const it_ = given("train", { rolloutsFrom: join(folder, "kept") });
    const result = await run(it_);
    expect(result).toMatchObject({ optimizerSteps: 4, metrics: { "train/grad_norm": 0.5 } });
    expect(result.rollouts.map(({ rollout }) => rollout)).toEqual([1, 2]);
    expect(entrypoint()).toContain(
      `--load-debug-rollout-data '${join(folder, "kept", "{rollout_id}.pt")}'`,
    );
    expect(entrypoint()).toContain("--start-rollout-id 1");
    expect(JSON.stringify(it_.events)).toContain("every reward is 0");
  });

  it("does one step of the whole run's schedule", async () => {
    await begin();
    const result = await run(given("step"));
    expect(result).toMatchObject({ optimizerSteps: 2, rollouts: [{ rollout: 0 }] });
    expect(entrypoint()).toContain("--num-rollout 4");
    expect(entrypoint()).toContain("--debug-exit-after-rollout 1");
  });

  it("evaluates alone", async () => {
    await begin();
    const result = await run(given("eval"));
    expect(result).toMatchObject({
      metrics: { "eval/tiny-aime": 0.75 },
      rollouts: [{ evaluation: true, summary: { samples: 4 } }],
    });
    expect(entrypoint()).toContain("--num-rollout 0");
  });

  it("takes success without evidence for a failure", async () => {
    await begin({ modes: ["zero-steps"] });
    const inFolder = (name: string): Partial<DebugRequest> => ({ outDir: join(folder, name) });
    await expect(run(given("rollout", inFolder("a")))).rejects.toMatchObject({
      code: "DEBUG_NO_ROLLOUT",
      exitCode: 4,
    });
    await expect(run(given("step", inFolder("b")))).rejects.toMatchObject({
      code: "TRAIN_NO_STEP",
    });
    await expect(run(given("eval", inFolder("c")))).rejects.toMatchObject({
      code: "DEBUG_NO_EVALUATION",
    });
  });

  it("says what a job failed of, and is not tried again", async () => {
    await begin({ modes: ["crash"] });
    await expect(run(given("step"))).rejects.toMatchObject({
      code: "TRAIN_JOB_FAILED",
      field: "user-code",
    });
    await expect(run(given("step"))).rejects.toMatchObject({ code: "DEBUG_OUT_TAKEN" });
    expect(server.jobs.size).toBe(1);
  });

  it("follows its job after a detach, and refuses to do so with other settings", async () => {
    await begin({ rolloutMs: 100 });
    const first = given("rollout", { rollouts: 4 });
    const detach = { ...first, miles: { ...first.miles, onInterrupt: "detach" as const } };
    const running = run(detach);
    while (!first.events.some(({ type }) => type === "metric")) await sleep(5);
    first.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
    await expect(run(given("rollout", { rollouts: 3 }))).rejects.toMatchObject({
      code: "DEBUG_OUT_TAKEN",
    });
    expect((await run(given("rollout", { rollouts: 4 }))).rollouts).toHaveLength(4);
    expect(server.jobs.size).toBe(1);
  });

  it("stops its job at an interrupt", async () => {
    await begin({ rolloutMs: 100 });
    const it_ = given("rollout", { rollouts: 4 });
    const running = run({ ...it_, miles: { ...it_.miles, onInterrupt: "stop" as const } });
    while (!it_.events.some(({ type }) => type === "metric")) await sleep(5);
    it_.stop.abort();
    await expect(running).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    expect([...server.jobs.values()].map(({ status }) => status)).toEqual(["STOPPED"]);
  });

  it("asks for what its mode needs before a cluster is asked", async () => {
    await begin();
    const { checkpointDir: _, ...without } = given("step");
    const kept = join(folder, "kept");
    await mkdir(kept);
    for (const [request, code, field] of [
      [without, "DEBUG_INPUT_MISSING", "checkpoint"],
      [given("train"), "DEBUG_INPUT_MISSING", "rolloutsFrom"],
      [given("eval", { evalSets: [] }), "DEBUG_INPUT_MISSING", "evalData"],
      [given("step", { rolloutsFrom: golden }), "DEBUG_INPUT_UNUSED", "rolloutsFrom"],
      [given("train", { rolloutsFrom: kept }), "DUMP_MISSING", undefined],
    ] as const)
      await expect(run(request), code).rejects.toMatchObject({
        code,
        ...(field === undefined ? {} : { field }),
      });
    for (const name of ["0", "2"])
      await copyFile(join(golden, `${name}.pt`), join(kept, `${name}.pt`));
    await expect(run(given("train", { rolloutsFrom: kept }))).rejects.toMatchObject({
      code: "DEBUG_ROLLOUTS_GAP",
    });
    await mkdir(join(folder, "full"));
    await writeFile(join(folder, "full", "notes.txt"), "mine");
    await expect(run(given("rollout", { outDir: join(folder, "full") }))).rejects.toMatchObject({
      code: "DEBUG_OUT_TAKEN",
      field: "out",
    });
    expect(server.requests).toEqual([]);
  });
});
