import { MoonlightError, throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Grade, Grader } from "@moonlight-rl/reward";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { Sample, Sampler } from "../engine/types.ts";
import { moments } from "./advantage.ts";
import type { Prompt, PromptSource } from "./prompt-source.ts";
import { deriveSeed } from "./seed.ts";

/** One graded response. */
export interface RolloutSample extends Sample {
  readonly text: string;
  readonly grade: Grade;
}

/** The samples of one prompt. */
export interface Group {
  readonly prompt: Prompt;
  readonly samples: readonly RolloutSample[];
}

export interface Rollout {
  /** `rolloutBatchSize` groups that passed the filter, in the order of their prompts. */
  readonly groups: readonly Group[];
  /** Reason → groups that the filter dropped. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Prompts that were consumed, used or not. */
  readonly prompts: number;
}

export interface Policy {
  readonly sampler: Sampler;
  readonly tokenizer: Tokenizer;
  readonly grader: Grader;
}

/** Waves without a full batch after which the run stops: a reward that is always equal would go on for ever in the reference. */
const MAX_WAVES = 32;
/** Sequences that are sampled in one go. */
const SEQUENCES = 256;

/**
 * Collects one rollout: waves of `overSamplingBatchSize` prompts, `nSamplesPerPrompt` samples each, until enough groups have
 * passed the filter (miles rollout/sglang_rollout.py). As there, a whole wave of prompts is consumed even if the batch is
 * full before its end; what the reference aborts half-way is not sampled here at all. A function of (weights, seed, rollout id).
 */
export async function collectRollout(
  policy: Policy,
  source: PromptSource,
  recipe: Recipe,
  rolloutId: number,
  signal: AbortSignal,
): Promise<Rollout> {
  const {
    rolloutBatchSize,
    overSamplingBatchSize,
    nSamplesPerPrompt: n,
    dynamicSamplingFilter,
    maxResponseLen,
    temperature,
    topP,
    topK,
    seed,
  } = recipe.rollout;
  const perRequest = Math.max(1, Math.floor(SEQUENCES / n));
  const groups: Group[] = [];
  const dropped = new Map<string, number>();
  let prompts = 0;
  for (let wave = 0; groups.length < rolloutBatchSize; wave++) {
    if (wave === MAX_WAVES) throw starved(rolloutId, prompts, groups.length, dropped);
    const taken = source.take(overSamplingBatchSize);
    prompts += taken.length;
    for (
      let first = 0;
      first < taken.length && groups.length < rolloutBatchSize;
      first += perRequest
    ) {
      throwIfAborted(signal);
      const batch = taken.slice(first, first + perRequest);
      const samples = await policy.sampler.generate({
        prompts: batch.map(({ tokens }) => tokens),
        n,
        temperature,
        topP,
        topK,
        maxNewTokens: maxResponseLen,
        stopTokenIds: policy.tokenizer.stopTokenIds,
        seed: deriveSeed("rollout", recipe.seed, seed, rolloutId, wave, first),
        signal,
      });
      for (const [i, prompt] of batch.entries()) {
        const group = {
          prompt,
          samples: samples
            .slice(i * n, (i + 1) * n)
            .map((sample) => graded(sample, prompt, policy)),
        };
        const reason = dynamicSamplingFilter === null ? undefined : dropReason(group);
        if (reason !== undefined) dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
        else if (groups.length < rolloutBatchSize) groups.push(group);
      }
    }
  }
  return { groups, dropped, prompts };
}

/** Decodes and grades a response. */
export function graded(
  sample: Sample,
  prompt: Prompt,
  { tokenizer, grader }: Pick<Policy, "tokenizer" | "grader">,
): RolloutSample {
  const text = tokenizer.decode(sample.tokens, { skipSpecialTokens: true });
  return {
    ...sample,
    text,
    grade: grader(text, prompt.label, { truncated: sample.finishReason === "length" }),
  };
}

/** Why a group has nothing to learn from: all rewards equal (miles filter_hub check_reward_nonzero_std). */
function dropReason({ samples }: Group): string | undefined {
  const rewards = samples.map(({ grade }) => grade.reward);
  return moments(rewards).std > 1e-8 ? undefined : `zero_std_${rewards[0] ?? 0}`;
}

function starved(
  rolloutId: number,
  prompts: number,
  kept: number,
  dropped: ReadonlyMap<string, number>,
): MoonlightError {
  const reasons = [...dropped].map(([reason, count]) => `${reason}: ${count}`).join(", ");
  return new MoonlightError(
    "ROLLOUT_STARVED",
    `Rollout ${rolloutId}: after ${prompts} prompts only ${kept} groups have rewards that differ (dropped: ${reasons}).`,
    {
      field: "rollout.dynamicSamplingFilter",
      hint: "Equal rewards teach nothing. If all are 0: does reward.rmType read the answers that the policy writes, and are the labels right? If all are 1: the prompts are too easy.",
    },
  );
}
