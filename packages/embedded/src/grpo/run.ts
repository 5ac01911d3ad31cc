import {
  MoonlightError,
  throwIfAborted,
  type History,
  type RolloutRecorder,
} from "@moonlight-rl/core";
import type { Sampler, Trainer } from "../engine/types.ts";
import { evaluatePrompts } from "./evaluate.ts";
import type { Graders } from "./graders.ts";
import type { GroupSource } from "./group-source.ts";
import { evaluationMetrics, eventValues, rolloutMetrics, type Metrics } from "./metrics.ts";
import type { Prompt } from "./prompt-source.ts";
import { recordedGroups } from "./recorded-groups.ts";
import { collectRollout, type Group, type Policy } from "./rollout.ts";
import type { GrpoRequest } from "./train-grpo.ts";
import { trainOnRollout } from "./update.ts";

const SHOWN_GROUPS = 1;
const SHOWN_EVALUATION = 20;
/** Rollouts whose first group is shown: few enough to read. */
const SHOWN_ROLLOUTS = 10;

/** What a run works with; opened and closed by its caller. */
export interface RunParts extends Omit<GrpoRequest, "evalSets"> {
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
export class Run {
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
