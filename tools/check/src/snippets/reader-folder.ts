import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { toTorchDist } from "@moonlight-rl/convert";
import { evaluate } from "@moonlight-rl/eval";
import { adoptArtifact, runStage } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";

/** Everything of the recipe that takes time, cut short. */
const SHORT = [
  "rollout.numRollout=1",
  "rollout.rolloutBatchSize=4",
  "rollout.overSamplingBatchSize=8",
  'eval.datasets=[{"name":"tiny-aime","path":"tiny-aime.jsonl@[0:20]"}]',
  "eval.nSamplesPerPrompt=1",
];

/** A folder as the readers of our pages have it: what they call their model, data, recipe and checkpoints is the bundled tiny one. */
export async function makeReaderFolder(folder: string): Promise<void> {
  const models = join(assetsDirectory, "models", MODEL);
  const prompts = join(assetsDirectory, "datasets", PROMPT_DATA);
  const problems = join(assetsDirectory, "datasets", EVAL_DATA);
  const options = { workspace: `${folder}-made` };
  const model = await adoptArtifact("hf-model", models);
  const { checkpoint } = await runStage(toTorchDist, { model }, options);
  const { recipe } = await runStage(rolloutConfig, { profile: "tiny", model, set: SHORT }, options);
  const { result } = await runStage(
    evaluate,
    {
      model,
      data: await adoptArtifact("hf-dataset", prompts),
      dataFile: "tiny-dapo-math.jsonl@[0:20]",
      nSamplesPerPrompt: 4,
      maxResponseLen: 12,
    },
    options,
  );
  await mkdir(folder, { recursive: true });
  for (const [name, source] of Object.entries({
    "tiny-moonlight": models,
    "Moonlight-16B-A3B": models,
    policy: models,
    "tiny-dapo-math": prompts,
    "tiny-aime": problems,
    mirror: assetsDirectory,
    base: checkpoint.path,
    trained: checkpoint.path,
    recipe: recipe.path,
    "eval-of-prompts": result.path,
  }))
    await cp(source, join(folder, name), { recursive: true });
}

/** A folder for a Hub server that has the bundled assets under the names of the real ones, too. */
export async function makeMirror(folder: string): Promise<void> {
  await cp(assetsDirectory, folder, { recursive: true });
  for (const [ours, theirs] of [
    [join("models", MODEL), "models/moonshotai/Moonlight-16B-A3B"],
    [join("datasets", PROMPT_DATA), "datasets/zhuzilin/dapo-math-17k"],
    [join("datasets", EVAL_DATA), "datasets/zhuzilin/aime-2024"],
  ] as const)
    await cp(join(assetsDirectory, ours), join(folder, theirs), { recursive: true });
}
