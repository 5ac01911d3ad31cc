import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diffCheckpoints, openTorchDist } from "@moonlight-rl/checkpoint";
import type { EventInput } from "@moonlight-rl/core";
import { JobsServer, standIn, writeTestIteration } from "@moonlight-rl/miles/testing";
import { adoptArtifact } from "@moonlight-rl/pipeline";
import { withStage } from "@moonlight-rl/pipeline/testing";
import { resolveRecipe } from "@moonlight-rl/recipe";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { train } from "../stage.ts";
import { BACKEND_NAMES, loadBackend } from "./load-backend.ts";
import type { TrainRequest } from "./train-backend.ts";

const modelDir = join(assetsDirectory, "models", MODEL);
const promptDir = join(assetsDirectory, "datasets", PROMPT_DATA);
const evalDir = join(assetsDirectory, "datasets", EVAL_DATA);
const { recipe } = resolveRecipe({
  profile: "tiny",
  set: [
    "rollout.numRollout=4",
    "rollout.rolloutBatchSize=2",
    "rollout.overSamplingBatchSize=8",
    "rollout.nSamplesPerPrompt=4",
    "rollout.numStepsPerRollout=2",
    "checkpoint.saveInterval=2",
    "eval.interval=null",
  ],
});

let folder: string;
let server: JobsServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "moonlight-backends-"));
  await writeTestIteration(join(folder, "base"), modelDir, { iteration: "release" });
  server = await JobsServer.start({ run: standIn({ rolloutMs: 40 }) });
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** What every backend has to do alike, whatever is behind it. */
describe.each(BACKEND_NAMES)("the backend %s", (name) => {
  const saveDir = (): string => join(folder, name);
  const request = (
    changes: Partial<TrainRequest> = {},
  ): TrainRequest & { events: EventInput[] } => {
    const events: EventInput[] = [];
    return {
      recipe,
      checkpointDir: join(folder, "base"),
      modelDir,
      promptFile: join(promptDir, "tiny-dapo-math.jsonl"),
      evalSets: [],
      saveDir: saveDir(),
      emit: (event) => void events.push(event),
      signal: new AbortController().signal,
      miles: { rayAddress: server.url, pollSeconds: 0.02, preflight: "off" },
      events,
      ...changes,
    };
  };

  it("says which fields it cannot honour", async () => {
    const backend = await loadBackend(name);
    expect(backend.name).toBe(name);
    expect(backend.refuse(recipe)).toEqual([]);
  });

  it("stops at an interrupt, and then goes on after its last checkpoint", async () => {
    const backend = await loadBackend(name);
    const stop = new AbortController();
    const events: EventInput[] = [];
    const first = backend.train(
      request({
        signal: stop.signal,
        emit: (event) => {
          events.push(event);
          if (event.type === "metric" && event.step === 2) stop.abort();
        },
      }),
    );
    await expect(first).rejects.toMatchObject({ code: "INTERRUPTED", exitCode: 130 });
    const second = request();
    expect(await backend.train(second)).toEqual({
      checkpointDir: saveDir(),
      iteration: 3,
      rollouts: 4,
      optimizerSteps: 8,
      resumedAfter: 1,
    });
    expect(second.events).toContainEqual(
      expect.objectContaining({ type: "progress", task: "rollouts", done: 4, total: 4 }),
    );
  });

  it("leaves a checkpoint with other weights, and a history of every rollout once", async () => {
    const checkpoint = await openTorchDist(saveDir());
    await checkpoint.close();
    expect(checkpoint.iteration).toBe(3);
    expect(
      (await diffCheckpoints(join(folder, "base"), saveDir())).filter(
        ({ status }) => status === "values",
      ).length,
    ).toBeGreaterThan(0);
    const points = (await readFile(join(saveDir(), "history.ndjson"), "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; step: number; values?: object })
      .flatMap(({ step, values = {} }) => Object.keys(values).map((key) => `${step} ${key}`));
    expect(new Set(points).size).toBe(points.length);
    for (let step = 0; step < 4; step++)
      for (const key of [
        "rollout/raw_reward",
        "train/loss",
        "train/pg_clipfrac",
        "train/grad_norm",
      ])
        expect(points).toContain(`${step} ${key}`);
    expect(points.join()).not.toContain("perf/");
  });

  it("finds a finished run finished", async () => {
    const backend = await loadBackend(name);
    expect(await backend.train(request())).toMatchObject({
      iteration: 3,
      resumedAfter: 3,
      optimizerSteps: 8,
    });
  });

  it("takes the checkpoint before a damaged one, and says so", async () => {
    await truncate(join(saveDir(), "iter_0000003", "__0_1.distcp"), 1000);
    const backend = await loadBackend(name);
    const again = request();
    expect(await backend.train(again)).toMatchObject({ iteration: 3, resumedAfter: 1 });
    expect(again.events).toContainEqual(
      expect.objectContaining({ type: "warning", code: "CHECKPOINT_DAMAGED" }),
    );
  });
});

/** That of the embedded engine is in `stage.test.ts`. */
it("makes an artifact with miles", async () => {
  await withStage(train, async (kit) => {
    const { checkpoint, iteration, optimizerSteps } = await kit.run({
      recipe: await kit.artifact("recipe", { "recipe.json": JSON.stringify(recipe) }),
      checkpoint: await adoptArtifact("torch-dist", join(folder, "base")),
      model: await adoptArtifact("hf-model", modelDir),
      promptData: await adoptArtifact("hf-dataset", promptDir),
      evalData: await adoptArtifact("hf-dataset", evalDir),
      backend: "miles",
      rayAddress: server.url,
      preflight: "off",
    });
    expect({ iteration, optimizerSteps }).toEqual({ iteration: 3, optimizerSteps: 8 });
    expect(checkpoint.meta).toEqual({ iteration: 3 });
    expect(JSON.stringify(kit.events)).toContain("train/grad_norm");
  });
});
