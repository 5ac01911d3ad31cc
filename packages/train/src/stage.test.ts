import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  megatronArgs,
  megatronSources,
  openHfModel,
  openTorchDist,
  writeTorchDist,
} from "@moonlight-rl/checkpoint";
import { adoptArtifact, type StageInput } from "@moonlight-rl/pipeline";
import { checkStageContract, withStage, type StageKit } from "@moonlight-rl/pipeline/testing";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { describe, expect, it } from "vitest";
import { train } from "./stage.ts";

const SMALL = [
  "rollout.numRollout=2",
  "rollout.rolloutBatchSize=2",
  "rollout.overSamplingBatchSize=8",
  "rollout.nSamplesPerPrompt=4",
  "rollout.numStepsPerRollout=2",
  "checkpoint.saveInterval=1",
  "eval.interval=null",
];

type Kit = StageKit<typeof train>;

async function inputs(kit: Kit, set: readonly string[] = []): Promise<StageInput<typeof train>> {
  const modelDir = join(assetsDirectory, "models", MODEL);
  const model = await openHfModel(modelDir);
  const base = await kit.files({});
  const source = {
    dtypeOf: (name: string) => model.tensors.get(name)?.dtype,
    read: (name: string) => model.blocks(name),
  };
  await writeTorchDist(base, {
    iteration: "release",
    tensors: megatronSources(model.config, source),
    args: megatronArgs(model.config),
  });
  const { recipe } = resolveRecipe({ profile: "tiny", set: [...SMALL, ...set] });
  return {
    recipe: await kit.artifact("recipe", { "recipe.json": JSON.stringify(recipe) }),
    checkpoint: await adoptArtifact("torch-dist", base),
    model: await adoptArtifact("hf-model", modelDir),
    promptData: await adoptArtifact("hf-dataset", join(assetsDirectory, "datasets", PROMPT_DATA)),
    evalData: await adoptArtifact("hf-dataset", join(assetsDirectory, "datasets", EVAL_DATA)),
  };
}

describe("the train stage", () => {
  it("keeps the contract of stages and hands on the last checkpoint with its history", async () => {
    const output = await withStage(train, async (kit) => {
      const result = await kit.run(await inputs(kit));
      expect((await readdir(result.checkpoint.path)).sort()).toEqual([
        "history.ndjson",
        "iter_0000001",
        "latest_checkpointed_iteration.txt",
        "manifest.json",
        "provenance.json",
        "rollouts",
      ]);
      expect(await readFile(join(result.checkpoint.path, "history.ndjson"), "utf8")).toContain(
        "rollout/raw_reward",
      );
      const checkpoint = await openTorchDist(result.checkpoint.path);
      await checkpoint.close();
      expect(checkpoint.iteration).toBe(1);
      expect([...checkpoint.tensors.keys()]).toContain(
        "optimizer.state.exp_avg.output_layer.weight",
      );
      return result;
    });
    expect(output).toMatchObject({ iteration: 1, rollouts: 2, optimizerSteps: 4 });
    const again = await checkStageContract(train, inputs);
    expect(again.checkpoint.digest).toBe(output.checkpoint.digest);
  }, 60_000);

  it("refuses, by name, what the backend cannot honour", async () => {
    const run = withStage(train, async (kit) =>
      kit.run(
        await inputs(kit, ["parallelism.tensorModelParallelSize=4", "optimizer.cpuOffload=true"]),
      ),
    );
    await expect(run).rejects.toMatchObject({
      code: "TRAIN_FIELD_REFUSED",
      exitCode: 2,
      message: expect.stringMatching(/cpuOffload.*tensorModelParallelSize/),
    });
  });

  it("does not pass over a setting of the other backend", async () => {
    const run = withStage(train, async (kit) =>
      kit.run({ ...(await inputs(kit)), rayAddress: "http://head:8265" }),
    );
    await expect(run).rejects.toMatchObject({
      code: "TRAIN_SETTING_UNUSED",
      exitCode: 2,
      field: "rayAddress",
    });
  });

  it("names the file that a dataset lacks, and the one that it has", async () => {
    const run = withStage(train, async (kit) =>
      kit.run(await inputs(kit, ["data.promptData=tiny-dapo.jsonl"])),
    );
    await expect(run).rejects.toMatchObject({
      code: "TRAIN_DATA_MISSING",
      field: "data.promptData",
      hint: expect.stringContaining("tiny-dapo-math.jsonl"),
    });
    const outside = withStage(train, async (kit) =>
      kit.run(await inputs(kit, ["data.promptData=../secret.jsonl"])),
    );
    await expect(outside).rejects.toMatchObject({ code: "TRAIN_DATA_OUTSIDE" });
  });
});
