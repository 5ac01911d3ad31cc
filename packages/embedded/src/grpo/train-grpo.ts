import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import {
  History,
  HISTORY_FILE,
  MoonlightError,
  RolloutRecorder,
  ROLLOUTS_FOLDER,
  throwIfAborted,
  type Emit,
} from "@moonlight-rl/core";
import { openHfConfig } from "./hf-config-file.ts";
import type { Recipe } from "@moonlight-rl/recipe";
import { loadTokenizer } from "@moonlight-rl/tokenizer";
import { createSampler } from "../engine/sampler.ts";
import { createTrainer } from "../engine/trainer.ts";
import type { Sampler, Trainer } from "../engine/types.ts";
import { evaluatePrompts } from "./evaluate.ts";
import { Graders } from "./graders.ts";
import { evaluationMetrics, eventValues, rolloutMetrics, type Metrics } from "./metrics.ts";
import { GroupSource } from "./group-source.ts";
import { recordedGroups } from "./recorded-groups.ts";
import { loadPrompts, PromptSource, withinLength, type Prompt } from "./prompt-source.ts";
import { collectRollout, type Group, type Policy } from "./rollout.ts";
import {
  loadInitialWeights,
  loadNewestState,
  retainIterations,
  saveState,
} from "./training-state.ts";
import { trainOnRollout } from "./update.ts";

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
const SHOWN_GROUPS = 1;
const SHOWN_EVALUATION = 20;
/** Rollouts whose first group is shown: few enough to read. */
const SHOWN_ROLLOUTS = 10;

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

interface RunParts extends Omit<GrpoRequest, "evalSets"> {
  readonly trainer: Trainer;
  readonly policy: Policy & { readonly sampler: Sampler; readonly graders: Graders };
  readonly source: GroupSource;
  readonly evalSets: readonly { readonly name: string; readonly prompts: readonly Prompt[] }[];
  readonly history: History;
  readonly recorder: RolloutRecorder;
  readonly reference: Float32Array;
  /** `updatedReference`: the reference policy, where it is no longer the checkpoint that training started from. */
  save(rollout: number, updatedReference: Float32Array | undefined): Promise<void>;
}

/** One pass of the loop per rollout: collect, train, push weights, evaluate, save. */
class Run {
  readonly #parts: RunParts;
  #reference: Float32Array;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#reference = parts.reference;
  }

  async from(start: number): Promise<void> {
    const { recipe, emit, signal } = this.#parts;
    const { numRollout } = recipe.rollout;
    const { interval, skipBeforeTrain } = recipe.eval;
    const { saveInterval } = recipe.checkpoint;
    const progress = (done: number, message?: string): void =>
      emit({
        type: "progress",
        task: "rollouts",
        done,
        total: numRollout,
        unit: "rollouts",
        ...(message === undefined ? {} : { message }),
      });
    progress(start);
    // The reference evaluates again after every resume; here once, so that a resumed run equals an undisturbed one.
    if (start === 0 && interval !== null && !skipBeforeTrain) await this.#evaluate(0);
    for (let id = start; id < numRollout; id++) {
      throwIfAborted(signal);
      const reward = await this.#rollout(id);
      const last = id === numRollout - 1;
      if (interval !== null && ((id + 1) % interval === 0 || last)) await this.#evaluate(id + 1);
      if (last || (saveInterval !== null && (id + 1) % saveInterval === 0))
        await this.#parts.save(
          id,
          recipe.algorithm.refUpdateInterval === null ? undefined : this.#reference,
        );
      progress(id + 1, `reward ${reward.toFixed(3)}`);
    }
  }

  async #rollout(id: number): Promise<number> {
    const { recipe, policy, source, trainer, signal, history, recorder, emit } = this.#parts;
    const start = performance.now();
    const rollout = await collectRollout(policy, source, recipe, id, signal);
    const collected = performance.now();
    const metrics = rolloutMetrics(rollout, recipe.tracking);
    const stepsBefore = trainer.steps;
    const trained = await trainOnRollout(
      trainer,
      this.#reference,
      rollout.groups,
      recipe,
      id,
      signal,
    );
    Object.assign(metrics, trained.metrics);
    const state = trainer.state();
    if (state.steps === stepsBefore)
      throw new MoonlightError("TRAIN_NO_STEP", `Rollout ${id} took no optimizer step.`);
    policy.sampler.setWeights(state.parameters);
    const { refUpdateInterval } = recipe.algorithm;
    if (refUpdateInterval !== null && (id + 1) % refUpdateInterval === 0)
      this.#reference = state.parameters;
    const end = performance.now();
    const lengths = rollout.groups.flatMap(({ samples }) =>
      samples.map(({ tokens }) => tokens.length),
    );
    const rolloutSeconds = (collected - start) / 1000;
    Object.assign(metrics, {
      "perf/rollout_time": rolloutSeconds,
      "perf/tokens_per_gpu_per_sec": lengths.reduce((a, b) => a + b, 0) / rolloutSeconds,
      "perf/longest_sample_tokens_per_sec": Math.max(...lengths) / rolloutSeconds,
      "perf/actor_train_time": (end - collected) / 1000,
      "perf/step_time": (end - start) / 1000,
    });
    history.record({ type: "metric", step: id, values: eventValues(metrics) });
    this.#show(id, rollout.groups);
    await recorder.record(id, recordedGroups(rollout.groups, trained.samples, policy.tokenizer));
    const reward = metrics["rollout/raw_reward"] ?? NaN;
    if (reward === 0)
      emit({
        type: "warning",
        code: "REWARD_ALL_ZERO",
        message: `Rollout ${id}: every reward is 0.`,
        hint: "Does reward.rmType read the answers that the policy writes? Are the labels right?",
      });
    return reward;
  }

  #show(id: number, groups: readonly Group[]): void {
    const { recipe } = this.#parts;
    const every = Math.max(1, Math.floor(recipe.rollout.numRollout / SHOWN_ROLLOUTS));
    if (id % every !== 0 && id !== recipe.rollout.numRollout - 1) return;
    for (const [group, { prompt, samples }] of groups.slice(0, SHOWN_GROUPS).entries())
      this.#record("rollout", id, group, prompt, samples);
  }

  /** `step` is the axis of the curves: rollouts that were trained on. */
  async #evaluate(step: number): Promise<void> {
    const { recipe, policy, evalSets, history, signal } = this.#parts;
    const values: Metrics = {};
    for (const { name, prompts } of evalSets) {
      const groups = await evaluatePrompts(policy, prompts, recipe, name, step, signal);
      Object.assign(values, evaluationMetrics(name, groups, recipe.tracking));
      for (const [group, { prompt, samples }] of groups.slice(0, SHOWN_EVALUATION).entries())
        this.#record("eval", step, group, prompt, samples.slice(0, 1));
    }
    if (evalSets.length > 0) history.record({ type: "metric", step, values: eventValues(values) });
  }

  #record(
    phase: "rollout" | "eval",
    step: number,
    group: number,
    prompt: Prompt,
    samples: Group["samples"],
  ): void {
    for (const [index, { text, grade, finishReason }] of samples.entries()) {
      this.#parts.history.record({
        type: "sample",
        step,
        phase,
        group,
        index,
        prompt: prompt.question,
        response: text,
        label: typeof prompt.label === "string" ? prompt.label : JSON.stringify(prompt.label),
        reward: grade.reward,
        outcome: grade.outcome,
        truncated: finishReason === "length",
      });
    }
  }
}
