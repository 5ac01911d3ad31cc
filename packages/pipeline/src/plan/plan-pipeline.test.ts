import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { calls, numbers, sum, toy } from "../../fixtures/toy-stages.ts";
import { definePipeline, type StageCall } from "../run/define-pipeline.ts";
import { runPipeline } from "../run/run-pipeline.ts";
import { planPipeline } from "./plan-pipeline.ts";
import { planStage } from "./plan-stage.ts";

const temporary = temporaryFolder();
let options: { workspace: string };
beforeEach(() => {
  calls.length = 0;
  options = { workspace: join(temporary.path, "ws") };
});
const pipelineOf = <R>(run: (stage: StageCall) => Promise<R>) =>
  definePipeline({ name: "p", params: z.object({}), run });

describe("planPipeline", () => {
  it("tells what would run and why, and touches nothing", async () => {
    const plan = await planPipeline(toy, { count: 5 }, options);
    expect(plan).toEqual({
      pipeline: "toy",
      stages: [
        {
          id: "numbers",
          stage: "numbers",
          status: "miss",
          reason: "never run in this workspace",
          key: expect.stringMatching(/^[0-9a-f]{64}$/),
          actions: [{ title: "write 5 numbers", diskBytes: 10, command: ["seq", "a b"] }],
        },
        {
          id: "sum",
          stage: "sum",
          status: "unknown",
          reason: "list comes from numbers, which is not done yet",
        },
        {
          id: "sum-twice",
          stage: "sum",
          status: "unknown",
          reason: "list comes from numbers, which is not done yet",
        },
      ],
      totals: {
        bytes: 0,
        diskBytes: 10,
        freeBytes: expect.any(Number),
        seconds: 0,
        unknown: ["numbers", "sum", "sum-twice"],
      },
    });
    expect(await readdir(temporary.path)).toEqual([]);
    expect(calls).toEqual([]);
  });

  it("finds results, and the first difference where there is none", async () => {
    await runPipeline(toy, { count: 3 }, options);
    const same = await planPipeline(toy, { count: 3 }, options);
    expect(same.stages.map(({ status }) => status)).toEqual(["hit", "hit", "hit"]);
    const other = await planPipeline(toy, { count: 4 }, options);
    expect(other.stages.map(({ status, reason }) => [status, reason])).toEqual([
      ["miss", "input count: 3 → 4"],
      ["unknown", "list comes from numbers, which is not done yet"],
      ["unknown", "list comes from numbers, which is not done yet"],
    ]);
    const forced = await planPipeline(toy, { count: 3 }, { ...options, force: true });
    expect(forced.stages[0]).toMatchObject({ status: "miss", reason: "forced" });
  });

  it("plans with real inputs behind a hit", async () => {
    const { outputs } = await runPipeline(toy, { count: 3 }, options);
    await rm(outputs.twice.path, { recursive: true });
    const plan = await planPipeline(toy, { count: 3 }, options);
    expect(plan.stages.at(-1)).toMatchObject({
      id: "sum-twice",
      status: "miss",
      reason: expect.stringContaining("no longer at"),
      actions: [{ title: `add the numbers of ${outputs.list.path}` }],
    });
  });

  it.each<[string, (stage: StageCall) => Promise<unknown>, object]>([
    [
      "a branch on a boolean",
      async (stage) => {
        const { list } = await stage(numbers, { count: 1 });
        const { even } = await stage(sum, { list });
        return even ? stage(numbers, { count: 2 }, { id: "more" }) : undefined;
      },
      { stage: "sum", field: "even" },
    ],
    [
      "a comparison of a number",
      async (stage) => {
        const { last } = await stage(numbers, { count: 1 });
        return last > 3;
      },
      { stage: "numbers", field: "last" },
    ],
    [
      "text made of a value",
      async (stage) => {
        const { list } = await stage(numbers, { count: 1 });
        return `${list.path}/list.txt`;
      },
      { stage: "numbers", field: "list.path" },
    ],
  ])("stops at %s, and says what is needed", async (_, run, unknownAfter) => {
    const plan = await planPipeline(pipelineOf(run), {}, options);
    expect(plan.unknownAfter).toEqual(unknownAfter);
    expect(plan.stages[0]).toMatchObject({ id: "numbers", status: "miss" });
  });

  it("goes on when a value is only passed on", async () => {
    const pipeline = pipelineOf(async (stage) => {
      const { list, last } = await stage(numbers, { count: 1 });
      return stage(sum, { list, factor: last });
    });
    const plan = await planPipeline(pipeline, {}, options);
    expect(plan.unknownAfter).toBeUndefined();
    expect(plan.stages[1]).toEqual({
      id: "sum",
      stage: "sum",
      status: "unknown",
      reason: "factor is known only after numbers",
    });
  });

  it("finds artifacts of the wrong kind before anything has run", async () => {
    const pipeline = pipelineOf(async (stage) => {
      const { list } = await stage(numbers, { count: 1 });
      const { total } = await stage(sum, { list });
      return stage(sum, { list: total as never }, { id: "wrong" });
    });
    await expect(planPipeline(pipeline, {}, options)).rejects.toMatchObject({
      code: "INVALID_INPUT",
      field: "list",
      message: expect.stringContaining("got toy-total"),
    });
  });

  it("lets errors of the pipeline itself through", async () => {
    const pipeline = pipelineOf(async () => {
      throw new RangeError("mine");
    });
    await expect(planPipeline(pipeline, {}, options)).rejects.toThrow("mine");
    await expect(planPipeline(toy, { count: "x" as never }, options)).rejects.toMatchObject({
      code: "INVALID_INPUT",
    });
  });
});

describe("predicted time", () => {
  it("is what the newest run took, or what the stage's own plan says", async () => {
    await runPipeline(toy, { count: 3 }, options);
    const { stages, totals } = await planPipeline(toy, { count: 4 }, options);
    expect(stages.map(({ predictedSeconds }) => predictedSeconds)).toEqual([
      expect.any(Number),
      expect.any(Number),
      expect.any(Number),
    ]);
    expect(totals.unknown).toEqual([]);
    const timed = { ...numbers, plan: async () => [{ title: "t", seconds: 7 }] };
    const pipeline = pipelineOf((stage) => stage(timed, { count: 9 }));
    expect((await planPipeline(pipeline, {}, options)).totals).toMatchObject({
      seconds: 7,
      unknown: [],
    });
  });

  it("counts nothing for what is there already", async () => {
    await runPipeline(toy, { count: 3 }, options);
    const { totals } = await planPipeline(toy, { count: 3 }, options);
    expect(totals).toMatchObject({ seconds: 0, diskBytes: 0, unknown: [] });
  });
});

describe("stages that must be reused", () => {
  it("are refused without a result, in plan and run, and forcing does not reach them", async () => {
    const mustReuse = ["numbers"];
    const refused = { code: "STAGE_RESULT_MISSING", exitCode: 3, field: "numbers" };
    await expect(planPipeline(toy, {}, { ...options, mustReuse })).rejects.toMatchObject(refused);
    await expect(runPipeline(toy, {}, { ...options, mustReuse })).rejects.toMatchObject(refused);
    expect(calls).toEqual([]);
    await runPipeline(toy, {}, options);
    calls.length = 0;
    const run = await runPipeline(toy, {}, { ...options, mustReuse, force: true });
    expect(run.stages.map(({ reused }) => reused)).toEqual([true, false, false]);
    expect(calls).toEqual(["sum 1", "sum 2"]);
    const plan = await planPipeline(toy, {}, { ...options, mustReuse, force: true });
    expect(plan.stages.map(({ status }) => status)).toEqual(["hit", "miss", "miss"]);
  });
});

it("planStage plans one stage", async () => {
  expect(await planStage(numbers, { count: 2 }, options)).toMatchObject({
    status: "miss",
    actions: [{ title: "write 2 numbers" }],
  });
});
