import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  History,
  HISTORY_FILE,
  RolloutRecorder,
  ROLLOUTS_FOLDER,
  type Emit,
} from "@moonlight-rl/core";
import { openHfConfig } from "./hf-config-file.ts";
import type { Recipe } from "@moonlight-rl/recipe";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import { createSampler } from "../engine/sampler.ts";
import { createTrainer } from "../engine/trainer.ts";
import { Graders } from "./graders.ts";
import { GroupSource } from "./group-source.ts";
import { loadPrompts, PromptSource, withinLength } from "./prompt-source.ts";
import { Run } from "./run.ts";
import {
  loadInitialWeights,
  loadNewestState,
  retainIterations,
  saveState,
} from "./training-state.ts";

export interface GrpoRequest {
  readonly recipe: Recipe;
  /** torch_dist checkpoint that training starts from; also the reference policy. */
  readonly checkpointDir: string;
  /** Hugging Face folder with config.json and the tokenizer. */
  readonly modelDir: string;
  readonly promptFile: string;
  readonly evalSets: readonly { readonly name: string; readonly file: string }[];
  /** Where checkpoints go, and where an interrupted run finds its own. */
  readonly saveDir: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly threads?: number;
}

export interface GrpoResult {
  /** torch_dist folder; its tracker names `iteration`. */
  readonly checkpointDir: string;
  readonly iteration: number;
  readonly rollouts: number;
  readonly optimizerSteps: number;
  /** Rollout that an earlier, interrupted run had reached. */
  readonly resumedAfter: number | undefined;
}

const KEPT_ITERATIONS = 2;

/** The whole training run: rollouts, optimizer steps, evaluations, checkpoints; resumes from what is in `saveDir`. */
export async function trainGrpo(request: GrpoRequest): Promise<GrpoResult> {
  const { recipe, saveDir, emit } = request;
  const config = await openHfConfig(request.modelDir);
  const tokenizer = await loadTokenizer(request.modelDir);
  const { maxPromptLen } = recipe.rollout;
  const prompts = withinLength(
    await loadPrompts(request.promptFile, recipe.data, tokenizer),
    maxPromptLen,
    "rollout.maxPromptLen",
  );
  const evalSets = await Promise.all(
    request.evalSets.map(async ({ name, file }) => {
      const own = recipe.eval.datasets.find((dataset) => dataset.name === name);
      const keys = {
        ...recipe.data,
        inputKey: own?.inputKey ?? recipe.data.inputKey,
        labelKey: own?.labelKey ?? recipe.data.labelKey,
      };
      const all = await loadPrompts(file, keys, tokenizer);
      return { name, prompts: withinLength(all, recipe.eval.maxPromptLen, "eval.maxPromptLen") };
    }),
  );
  await mkdir(saveDir, { recursive: true });
  const reference = await loadInitialWeights(request.checkpointDir, config);
  const resumed = await loadNewestState(saveDir, config, emit);
  if (resumed !== undefined)
    emit({ type: "log", message: `resuming after rollout ${resumed.rollout}` });

  const threads = request.threads === undefined ? {} : { threads: request.threads };
  const trainer = await createTrainer({ config, parameters: reference, ...threads });
  const sampler = await createSampler({
    config,
    parameters: resumed?.trainer.parameters ?? reference,
    ...threads,
  });
  const history = new History(join(saveDir, HISTORY_FILE), resumed?.historyBytes ?? 0, emit);
  const graders = new Graders(recipe.reward);
  const recorder = new RolloutRecorder(
    join(saveDir, ROLLOUTS_FOLDER),
    resumed === undefined ? 0 : resumed.rollout + 1,
  );
  try {
    if (resumed !== undefined) trainer.load(resumed.trainer);
    const source = new GroupSource(
      prompts,
      new PromptSource(prompts, {
        seed: recipe.rollout.seed,
        shuffle: recipe.rollout.shuffle,
        ...(resumed === undefined ? {} : { cursor: resumed.source.cursor }),
      }),
      {
        nSamplesPerPrompt: recipe.rollout.nSamplesPerPrompt,
        maskOffPolicy: recipe.rollout.maskOffpolicyInPartialRollout,
        ...(resumed === undefined ? {} : { buffer: resumed.source.buffer }),
      },
    );
    const policy = { sampler, tokenizer, graders, grading: graders.forTraining() };
    const run = new Run({
      ...request,
      trainer,
      policy,
      source,
      evalSets,
      history,
      recorder,
      reference: resumed?.reference ?? reference,
      save: async (rollout, updatedReference) => {
        await saveState(saveDir, config, {
          rollout,
          trainer: trainer.state(),
          source: source.state,
          historyBytes: history.flush(),
          ...(updatedReference === undefined ? {} : { reference: updatedReference }),
        });
        await retainIterations(saveDir, KEPT_ITERATIONS);
      },
    });
    await run.from(resumed === undefined ? 0 : resumed.rollout + 1);
    const { numRollout } = recipe.rollout;
    return {
      checkpointDir: saveDir,
      iteration: numRollout - 1,
      rollouts: numRollout,
      optimizerSteps: trainer.steps,
      resumedAfter: resumed?.rollout,
    };
  } finally {
    history.close();
    recorder.close();
    await Promise.all([trainer.close(), sampler.close(), graders.close()]);
  }
}
