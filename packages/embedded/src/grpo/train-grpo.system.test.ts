import { appendFile, cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { HISTORY_FILE, type EventInput } from "@moonlight-rl/core";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { refuseFields } from "./refuse.ts";
import { trainGrpo, type GrpoRequest } from "./train-grpo.ts";

const modelDir = join(assetsDirectory, "models", MODEL);
const SMALL = [
  "rollout.numRollout=4",
  "rollout.rolloutBatchSize=4",
  "rollout.overSamplingBatchSize=8",
  "rollout.nSamplesPerPrompt=4",
  "rollout.numStepsPerRollout=2",
  "checkpoint.saveInterval=2",
  "eval.interval=2",
  "eval.nSamplesPerPrompt=1",
];

let folder: string;
let evalFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-grpo-"));
  const model = await openHfModel(modelDir);
  const source = {
    dtypeOf: (name: string) => model.tensors.get(name)?.dtype,
    read: (name: string) => model.blocks(name),
  };
  await writeTorchDist(join(folder, "base"), {
    iteration: "release",
    tensors: megatronSources(model.config, source),
    args: megatronArgs(model.config),
  });
  evalFile = join(folder, "eval.jsonl");
  const problems = await readFile(
    join(assetsDirectory, "datasets", EVAL_DATA, "tiny-aime.jsonl"),
    "utf8",
  );
  await writeFile(evalFile, problems.split("\n").slice(0, 8).join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

function request(
  saveDir: string,
  set: readonly string[] = [],
  changes: Partial<GrpoRequest> = {},
): GrpoRequest & { events: EventInput[] } {
  const events: EventInput[] = [];
  return {
    recipe: resolveRecipe({ profile: "tiny", set: [...SMALL, ...set] }).recipe,
    checkpointDir: join(folder, "base"),
    modelDir,
    promptFile: join(assetsDirectory, "datasets", PROMPT_DATA, "tiny-dapo-math.jsonl"),
    evalSets: [{ name: "tiny-aime", file: evalFile }],
    saveDir: join(folder, saveDir),
    emit: (event) => void events.push(event),
    signal: new AbortController().signal,
    events,
    ...changes,
  };
}

/** All files of a folder with their bytes. */
async function contents(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return Object.fromEntries(
    await Promise.all(
      names.map(async (name) => [
        name.slice(dir.length),
        (await readFile(name)).toString("base64"),
      ]),
    ),
  );
}

/** Stops a run as soon as rollout `id` has been trained on, in the middle of everything. */
function stoppedAt(saveDir: string, id: number): GrpoRequest {
  const stop = new AbortController();
  return request(saveDir, [], {
    signal: stop.signal,
    emit: (event) => {
      if (event.type === "metric" && event.step === id && "train/loss" in event.values)
        stop.abort();
    },
  });
}

describe("trainGrpo", () => {
  it("trains, and ends after an interruption with the bytes of an undisturbed run", async () => {
    const calm = request("calm");
    const result = await trainGrpo(calm);
    expect(result).toMatchObject({
      iteration: 3,
      rollouts: 4,
      optimizerSteps: 8,
      resumedAfter: undefined,
    });
    await expect(trainGrpo(stoppedAt("broken", 2))).rejects.toMatchObject({ code: "INTERRUPTED" });
    const resumed = await trainGrpo(request("broken"));
    expect(resumed).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(await contents(join(folder, "broken"))).toEqual(await contents(join(folder, "calm")));

    const names = calm.events.flatMap((event) =>
      event.type === "metric" ? Object.keys(event.values) : [],
    );
    for (const name of [
      "rollout/raw_reward",
      "rollout/response_len/mean",
      "train/pg_loss",
      "train/pg_clipfrac",
      "train/kl_loss",
      "train/grad_norm",
      "perf/step_time",
      "eval/tiny-aime",
    ])
      expect(names).toContain(name);
    const history = await readFile(join(calm.saveDir, HISTORY_FILE), "utf8");
    expect(history).not.toContain("perf/");
    expect(calm.events.filter(({ type }) => type === "sample").length).toBeGreaterThan(0);
    // The engine and the trainer must agree on what was sampled, else every ratio is wrong.
    const differences = calm.events.flatMap((event) =>
      event.type === "metric" && "train/train_rollout_logprob_abs_diff" in event.values
        ? [Number(event.values["train/train_rollout_logprob_abs_diff"])]
        : [],
    );
    expect(Math.max(...differences)).toBeLessThan(1e-4);
  }, 180_000);

  it("goes on from the checkpoint before a damaged one, and says so", async () => {
    await cp(join(folder, "calm"), join(folder, "damaged"), { recursive: true });
    const file = join(folder, "damaged", "iter_0000003", "__0_1.distcp");
    const bytes = await readFile(file);
    await writeFile(file, bytes.subarray(0, bytes.length - 1000));
    const again = request("damaged");
    expect(await trainGrpo(again)).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(again.events).toContainEqual(
      expect.objectContaining({ type: "warning", code: "CHECKPOINT_DAMAGED" }),
    );
    expect(await contents(join(folder, "damaged"))).toEqual(await contents(join(folder, "calm")));
  }, 180_000);

  it("finds a finished run finished", async () => {
    const before = await contents(join(folder, "calm"));
    expect(await trainGrpo(request("calm"))).toMatchObject({
      iteration: 3,
      resumedAfter: 3,
      optimizerSteps: 8,
    });
    expect(await contents(join(folder, "calm"))).toEqual(before);
  }, 180_000);

  it("explains rewards that never differ instead of sampling for ever", async () => {
    const prompts = join(folder, "hopeless.jsonl");
    const row = JSON.stringify({ prompt: "1 + 1 = ?", label: "no such answer" });
    await writeFile(prompts, `${row}\n`.repeat(8));
    await expect(trainGrpo(request("hopeless", [], { promptFile: prompts }))).rejects.toMatchObject(
      { code: "ROLLOUT_STARVED", hint: expect.stringContaining("rmType") },
    );
  }, 180_000);

  it("names the line of a bad prompt file", async () => {
    const prompts = join(folder, "bad.jsonl");
    await writeFile(prompts, `${JSON.stringify({ prompt: "1 + 1 = ?", label: "2" })}\n`);
    await appendFile(prompts, '{"prompt": "2 + 2 = ?"}\n');
    await expect(trainGrpo(request("bad", [], { promptFile: prompts }))).rejects.toMatchObject({
      code: "DATASET_ROW_INVALID",
      field: "line 2: label",
    });
  });
});

describe("refuseFields", () => {
  const refused = (...set: string[]): string[] =>
    refuseFields(resolveRecipe({ profile: "tiny", set }).recipe).map(({ field }) => field);

  it("accepts the tiny profile", () => {
    expect(refused()).toEqual([]);
  });

  it("names fields that only a cluster has, and what is not computed here", () => {
    expect(
      refused(
        "parallelism.tensorModelParallelSize=2",
        "optimizer.cpuOffload=true",
        "algorithm.lambda=0.9",
        "reward.rmType=ifbench",
        "checkpoint.load=/x",
      ),
    ).toEqual([
      "checkpoint.load",
      "algorithm.lambda",
      "optimizer.cpuOffload",
      "parallelism.tensorModelParallelSize",
      "reward.rmType",
    ]);
  });

  it.each([
    ["algorithm.advantageEstimator=ppo", "algorithm.advantageEstimator"],
    ["algorithm.customTisFunctionPath=a.b", "algorithm.customTisFunctionPath"],
    ["algorithm.routingReplay=rollout", "algorithm.routingReplay"],
    ["optimizer.name=muon", "optimizer.name"],
    ["rollout.customGenerateFunctionPath=a.b", "rollout.customGenerateFunctionPath"],
    ["precision.mode=int4-qat", "precision.mode"],
    ["tracking.useWandb=true", "tracking.useWandb"],
    ["runtime.extraArgs=--x", "runtime.extraArgs"],
    ["eval.datasets=[{name: a, path: a.jsonl, rmType: ifbench}]", "eval.datasets.0.rmType"],
  ])("refuses %s", (set, field) => {
    expect(refused(set)).toEqual([field]);
  });
});
