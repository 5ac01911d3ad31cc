import { join } from "node:path";
import { toTorchDist } from "@moonlight-rl/convert";
import { RolloutReader, ROLLOUTS_FOLDER } from "@moonlight-rl/core";
import { adoptArtifact, runStage, type RunnerOptions } from "@moonlight-rl/pipeline";
import { rolloutConfig } from "@moonlight-rl/rollout-config";
import { assetsDirectory, EVAL_DATA, MODEL, PROMPT_DATA } from "@moonlight-rl/tiny-moonlight";
import { train } from "@moonlight-rl/train";

/** A training that is over in seconds: two rollouts of four prompts, one optimizer step each, the shortest evaluation. */
export const SMALLEST = [
  "rollout.numRollout=2",
  "rollout.rolloutBatchSize=4",
  "rollout.overSamplingBatchSize=8",
  "rollout.nSamplesPerPrompt=4",
  "rollout.numStepsPerRollout=1",
  'eval.datasets=[{"name":"tiny-aime","path":"tiny-aime.jsonl@[0:20]"}]',
  "eval.nSamplesPerPrompt=1",
] as const;

/** `onEvent` gets the events of the training alone. */
export interface TrainAloneOptions extends Pick<RunnerOptions, "workspace" | "signal" | "onEvent"> {
  /** Fields of the recipe as `path=value`, after those that make it small. */
  readonly set?: readonly string[];
}

/** One sample of a rollout, and what became of it. */
export interface SeenSample {
  readonly rollout: number;
  readonly question: string;
  readonly label: string;
  readonly response: string;
  readonly reward: number;
  readonly outcome: string;
  /** As the loss took it. */
  readonly advantage: number | undefined;
}

/**
 * Runs the train stage alone. What it needs is made first and kept in the workspace, so that only the stage under the debugger runs
 * from the second time on: `force` has it run each time.
 */
export async function trainAlone({
  set = [],
  onEvent,
  ...options
}: TrainAloneOptions = {}): Promise<SeenSample[]> {
  const model = await adoptArtifact("hf-model", join(assetsDirectory, "models", MODEL));
  const { checkpoint } = await runStage(toTorchDist, { model }, options);
  const { recipe } = await runStage(
    rolloutConfig,
    { profile: "tiny", model, set: [...SMALLEST, ...set] },
    options,
  );
  const trained = await runStage(
    train,
    {
      recipe,
      checkpoint,
      model,
      promptData: await adoptArtifact("hf-dataset", join(assetsDirectory, "datasets", PROMPT_DATA)),
      evalData: await adoptArtifact("hf-dataset", join(assetsDirectory, "datasets", EVAL_DATA)),
    },
    { ...options, force: true, ...(onEvent && { onEvent }) },
  );
  return await seenSamples(trained.checkpoint.path);
}

/** Every sample that was trained on, in the order of the rollouts. */
async function seenSamples(checkpoint: string): Promise<SeenSample[]> {
  const reader = new RolloutReader(join(checkpoint, ROLLOUTS_FOLDER));
  const seen: SeenSample[] = [];
  for (const line of await reader.rollouts()) {
    const header = await reader.header(line);
    for (const group of header.groups) {
      const all = group.bytes.map((_, index) => index);
      for (const sample of await reader.samples(line, header, group, all)) {
        const { response, reward, outcome, advantage } = sample;
        const { question, label } = group;
        seen.push({ rollout: line.rollout, question, label, response, reward, outcome, advantage });
      }
    }
  }
  return seen;
}
