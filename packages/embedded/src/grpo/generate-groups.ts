import type { Recipe } from "@moonlight-rl/recipe";
import type { Sample } from "../engine/types.ts";
import type { PendingGroup, PendingSample } from "./pending-group.ts";
import type { Policy } from "./rollout.ts";
import { deriveSeed } from "./seed.ts";

/** A finished group, and for each of its samples how many tokens were there before. */
export interface GeneratedGroup extends PendingGroup {
  readonly before: readonly number[];
}

/** Finishes the samples of groups, fresh or begun. A function of (weights, seed, groups). */
export async function generateGroups(
  policy: Policy,
  groups: readonly PendingGroup[],
  recipe: Recipe,
  seed: number,
  signal: AbortSignal,
): Promise<GeneratedGroup[]> {
  const { nSamplesPerPrompt: n, maxResponseLen, temperature, topP, topK } = recipe.rollout;
  const settings = {
    temperature,
    topP,
    topK,
    maxNewTokens: maxResponseLen,
    stopTokenIds: [...policy.tokenizer.stopTokenIds, ...recipe.rollout.stopTokenIds],
    seed,
    signal,
  };
  const isFresh = (group: PendingGroup): boolean =>
    group.samples.every(({ tokens }) => tokens.length === 0);
  const fresh = groups.filter(isFresh);
  const begun = groups
    .filter((group) => !isFresh(group))
    .flatMap(({ prompt, samples }) =>
      samples
        .filter(isOpen)
        .map((sample) => ({ sample, prompt: [...prompt.tokens, ...sample.tokens] })),
    );
  const whole =
    fresh.length === 0
      ? []
      : await policy.sampler.generate({
          ...settings,
          prompts: fresh.map(({ prompt }) => prompt.tokens),
          n,
        });
  const rest =
    begun.length === 0
      ? []
      : await policy.sampler.generate({
          ...settings,
          prompts: begun.map(({ prompt }) => prompt),
          n: 1,
          seed: deriveSeed("begun", seed),
        });
  const continuations = new Map(begun.map(({ sample }, i) => [sample, rest[i]]));
  return groups.map((group): GeneratedGroup => {
    const at = fresh.indexOf(group) * n;
    return {
      ...group,
      before: group.samples.map(({ tokens }) => tokens.length),
      samples: group.samples.map((sample, i) =>
        extended(sample, at < 0 ? continuations.get(sample) : whole[at + i], maxResponseLen),
      ),
    };
  });
}

function isOpen({ finishReason }: PendingSample): boolean {
  return finishReason === undefined;
}

/** A sample with what was generated for it, cut at the longest response. */
function extended(
  sample: PendingSample,
  more: Sample | undefined,
  maxResponseLen: number,
): PendingSample {
  if (more === undefined) return sample;
  const room = maxResponseLen - sample.tokens.length;
  const tokens = [...sample.tokens, ...more.tokens.slice(0, room)];
  const { lossMask } = sample;
  return {
    tokens,
    logProbs: [...sample.logProbs, ...more.logProbs.slice(0, room)],
    ...(lossMask === undefined
      ? {}
      : { lossMask: tokens.map((_, t) => (t < lossMask.length ? (lossMask[t] ?? 0) : 1)) }),
    finishReason: more.tokens.length > room ? "length" : more.finishReason,
  };
}

/** How many decoding steps a group took: those of its longest sample. */
export function stepsOf({ samples, before }: GeneratedGroup): number {
  return samples.reduce(
    (most, { tokens }, i) => Math.max(most, tokens.length - (before[i] ?? 0)),
    0,
  );
}

/** What a group had after that many decoding steps. */
export function cutGroup(group: GeneratedGroup, steps: number): PendingGroup {
  const { prompt, index, before } = group;
  return {
    prompt,
    index,
    samples: group.samples.map((sample, i) => {
      const kept = (before[i] ?? 0) + steps;
      if (sample.tokens.length <= kept) return sample;
      const { tokens, logProbs, lossMask } = sample;
      return {
        tokens: tokens.slice(0, kept),
        logProbs: logProbs.slice(0, kept),
        ...(lossMask === undefined ? {} : { lossMask: lossMask.slice(0, kept) }),
      };
    }),
  };
}
