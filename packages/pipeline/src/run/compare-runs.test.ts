import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { eventSchema, type MoonlightEvent } from "@moonlight-rl/core";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { numbers, sum, toy } from "../../fixtures/toy-stages.ts";
import { artifact } from "../artifact/artifact.ts";
import { defineStage } from "../stage/define-stage.ts";
import { openWorkspace, type Workspace } from "../workspace/workspace.ts";
import { compareRuns } from "./compare-runs.ts";
import { definePipeline } from "./define-pipeline.ts";
import { readRun, readRunJournal } from "./run-folder.ts";
import { runPipeline } from "./run-pipeline.ts";

const temporary = temporaryFolder();
let workspace: Workspace;
beforeEach(() => {
  workspace = openWorkspace(join(temporary.path, "ws"));
});
const run = async (params: Parameters<typeof toy.params.parse>[0]): Promise<string> =>
  (await runPipeline(toy, params as never, { workspace: workspace.root })).id;

describe("compareRuns", () => {
  it("finds nothing between a run and its repetition", async () => {
    const comparison = await compareRuns(workspace, await run({}), await run({}));
    expect(comparison.causes).toEqual([]);
    expect(comparison.environment).toEqual([]);
    expect(comparison.stages.map(({ state }) => state)).toEqual(["same", "same", "same"]);
  });

  it("names the field that was changed first, and not what follows from it", async () => {
    const comparison = await compareRuns(
      workspace,
      await run({ count: 3 }),
      await run({ count: 4 }),
    );
    expect(comparison.causes).toEqual([
      { stage: "numbers", kind: "input", what: "count", before: "3", now: "4" },
    ]);
    expect(comparison.stages.map(({ id, state }) => `${id} ${state}`)).toEqual([
      "numbers differs",
      "sum follows",
      "sum-twice follows",
    ]);
  });

  it("tells a stage's own change from what it got from the stage before", async () => {
    const pipeline = definePipeline({
      name: "two",
      params: z.object({ count: z.int(), factor: z.number() }),
      async run(stage, { count, factor }) {
        const { list } = await stage(numbers, { count });
        return { total: (await stage(sum, { list, factor })).total };
      },
    });
    const id = async (count: number, factor: number): Promise<string> =>
      (await runPipeline(pipeline, { count, factor }, { workspace: workspace.root })).id;
    const { causes } = await compareRuns(workspace, await id(2, 1), await id(3, 5));
    expect(causes.map(({ stage, what }) => `${stage} ${what}`)).toEqual([
      "numbers count",
      "sum factor",
    ]);
  });

  it("calls it the outcome when equal work gave other artifacts", async () => {
    let chance = 0;
    const dice = defineStage({
      name: "dice",
      from: import.meta.url,
      input: z.object({}),
      output: z.object({ made: artifact("toy-list") }),
      async run(_, { scratch, publish }) {
        const folder = join(scratch, "out");
        await mkdir(folder, { recursive: true });
        await writeFile(join(folder, "list.txt"), `${(chance += 1)}\n`);
        return { made: await publish("toy-list", folder) };
      },
    });
    const pipeline = definePipeline({
      name: "dice",
      params: z.object({}),
      run: (stage) => stage(dice, {}),
    });
    const throwDice = async (): Promise<string> =>
      (await runPipeline(pipeline, {}, { workspace: workspace.root, force: true })).id;
    const { causes } = await compareRuns(workspace, await throwDice(), await throwDice());
    expect(causes).toMatchObject([{ stage: "dice", kind: "outcome", what: "made" }]);
  });

  it("says when one run did not get as far", async () => {
    const short = definePipeline({
      ...toy,
      run: async (stage, { count }) => stage(numbers, { count }),
    });
    const { id } = await runPipeline(short, {}, { workspace: workspace.root });
    const { causes } = await compareRuns(workspace, id, await run({}));
    expect(causes.map(({ stage, kind }) => `${stage} ${kind}`)).toEqual([
      "sum missing",
      "sum-twice missing",
    ]);
  });
});

describe("a run like another", () => {
  it("takes over parameters and what was resolved, and says what it cannot make equal", async () => {
    let commit = "first";
    const moving = defineStage({
      name: "moving",
      from: import.meta.url,
      output: numbers.output,
      input: z.object({ revision: z.string() }),
      resolve: async () => ({ revision: commit }),
      run: async (_, context) => numbers.run({ count: 2, threads: 1 }, context),
    });
    const pipeline = definePipeline({
      name: "moving",
      from: import.meta.url,
      params: z.object({ revision: z.string().default("main") }),
      run: (stage, { revision }) => stage(moving, { revision }),
    });
    const events: MoonlightEvent[] = [];
    const options = {
      workspace: workspace.root,
      onEvent: (event: MoonlightEvent) => events.push(eventSchema.parse(event)),
    };
    const first = await runPipeline(pipeline, {}, options);
    commit = "second";
    vi.stubEnv("MOONLIGHT_RECORD_HOST", "1");
    const again = await runPipeline(pipeline, undefined, { ...options, like: first.id });
    vi.unstubAllEnvs();
    const record = await readRun(workspace, again.id);
    expect(record).toMatchObject({ like: first.id, params: { revision: "main" } });
    expect(record.host.name).toEqual(expect.any(String));
    expect((await readRun(workspace, first.id)).host.name).toBeUndefined();
    expect(again.stages[0]?.reused).toBe(true);
    expect((await compareRuns(workspace, first.id, again.id)).causes).toEqual([]);
    expect((await readRunJournal(workspace, again.id))[1]).toMatchObject({
      type: "resolved",
      input: { revision: "first" },
    });
    const fresh = await runPipeline(pipeline, {}, options);
    expect((await compareRuns(workspace, first.id, fresh.id)).causes).toMatchObject([
      { what: "revision", before: '"first"', now: '"second"' },
    ]);
    await expect(
      runPipeline(pipeline, { revision: "other" }, { ...options, like: first.id }),
    ).rejects.toMatchObject({ code: "RESUME_PARAMS", field: "revision" });
  });
});
