import { MoonlightError, throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Grade, Grading } from "@moonlight-rl/reward";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { Sample, Sampler } from "../engine/types.ts";
import { cutGroup, generateGroups, stepsOf, type GeneratedGroup } from "./generate-groups.ts";
import { groupDropReason } from "./group-filter.ts";
import type { PendingGroup } from "./pending-group.ts";
import type { GroupSource } from "./group-source.ts";
import type { Prompt } from "./prompt-source.ts";
import { deriveSeed } from "./seed.ts";

/** One graded response. */
export interface RolloutSample extends Pick<Sample, "tokens" | "logProbs" | "finishReason"> {
  readonly text: string;
  readonly grade: Grade;
  /** 0 for tokens that do not count in training; absent: all do. */
  readonly lossMask?: readonly number[];
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
  readonly grading: Grading;
}

/** Waves without a full batch after which the run stops: a reward that is always equal would go on for ever in the reference. */
const MAX_WAVES = 32;
/** Sequences that are sampled in one go. */
const SEQUENCES = 256;

/**
 * Collects one rollout: waves of `overSamplingBatchSize` groups until enough have passed the filter, the next wave when what
 * is kept or still open is too little (miles rollout/sglang_rollout.py). There groups end in the order in which a cluster
 * happens to finish them; here a wave runs in portions of its order, one of the possible courses, so that the result is a
 * function of (weights, seed, rollout id, what earlier rollouts left). Once the batch is full the rest of the wave is thrown
 * away, or with `partialRollout` goes back to the source, with the tokens that it had at that moment.
 */
export async function collectRollout(
  policy: Policy,
  source: GroupSource,
  recipe: Recipe,
  rolloutId: number,
  signal: AbortSignal,
): Promise<Rollout> {
  const { rolloutBatchSize, overSamplingBatchSize, nSamplesPerPrompt, partialRollout } =
    recipe.rollout;
  const perRequest = Math.max(1, Math.floor(SEQUENCES / nSamplesPerPrompt));
  const kept: { readonly index: number; readonly group: Group }[] = [];
  const dropped = new Map<string, number>();
  const before = source.promptsTaken;
  for (let wave = 0; kept.length < rolloutBatchSize; wave++) {
    if (wave === MAX_WAVES)
      throw starved(rolloutId, source.promptsTaken - before, kept.length, dropped);
    const taken = source.take(overSamplingBatchSize);
    for (
      let first = 0;
      first < taken.length && kept.length < rolloutBatchSize;
      first += perRequest
    ) {
      throwIfAborted(signal);
      const seed = deriveSeed("rollout", recipe.seed, recipe.rollout.seed, rolloutId, wave, first);
      const portion = taken.slice(first, first + perRequest);
      const ended = await generateGroups(policy, portion, recipe, seed, signal);
      // Together on one machine, shorter groups end first; without partial rollouts the order of the prompts does as well.
      if (partialRollout) ended.sort((a, b) => stepsOf(a) - stepsOf(b));
      const surplus: GeneratedGroup[] = [];
      let steps = 0;
      for (const generated of ended) {
        if (kept.length === rolloutBatchSize) {
          surplus.push(generated);
          continue;
        }
        steps = Math.max(steps, stepsOf(generated));
        const group = await gradedGroup(generated, policy, signal);
        const reason = groupDropReason(group, recipe.rollout.dynamicSamplingFilter);
        if (reason !== undefined) dropped.set(reason, (dropped.get(reason) ?? 0) + 1);
        else kept.push({ index: generated.index, group });
      }
      if (partialRollout && kept.length === rolloutBatchSize) {
        const open = taken.slice(first + perRequest);
        source.giveBack([...surplus.map((group) => cutGroup(group, steps)), ...open]);
      }
    }
  }
  return {
    groups: kept.toSorted((a, b) => a.index - b.index).map(({ group }) => group),
    dropped,
    prompts: source.promptsTaken - before,
  };
}

async function gradedGroup(
  { prompt, samples }: PendingGroup,
  policy: Policy,
  signal: AbortSignal,
): Promise<Group> {
  const ended = samples.map(({ finishReason = "length", ...sample }) => ({
    ...sample,
    finishReason,
  }));
  return { prompt, samples: await gradeSamples(ended, prompt, policy, signal) };
}

type Ended = Pick<RolloutSample, "tokens" | "logProbs" | "finishReason"> & {
  readonly lossMask?: readonly number[] | undefined;
};

/** Decodes and grades the responses to one prompt. */
export async function gradeSamples(
  samples: readonly Ended[],
  { label, metadata, question }: Prompt,
  { tokenizer, grading }: Pick<Policy, "tokenizer" | "grading">,
  signal: AbortSignal,
): Promise<RolloutSample[]> {
  const texts = samples.map(({ tokens }) => tokenizer.decode(tokens, { skipSpecialTokens: true }));
  const tasks = samples.map(({ finishReason }, i) => ({
    response: texts[i] ?? "",
    label,
    prompt: question,
    truncated: finishReason === "length",
    ...(metadata === undefined ? {} : { metadata }),
  }));
  const grades = await grading.grade(tasks, signal);
  return samples.map(({ tokens, logProbs, finishReason, lossMask }, i) => ({
    tokens,
    logProbs,
    finishReason,
    text: texts[i] ?? "",
    grade: grades[i] as Grade,
    ...(lossMask === undefined ? {} : { lossMask }),
  }));
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
