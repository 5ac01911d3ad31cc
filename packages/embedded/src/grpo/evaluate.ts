import { throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Graders } from "./graders.ts";
import type { Prompt } from "./prompt-source.ts";
import { gradeSamples, type Group, type Policy } from "./rollout.ts";
import { deriveSeed } from "./seed.ts";

const SEQUENCES = 512;

/** What holds for one evaluation set: its own settings over those of `eval`, `rollout` and `reward`. */
export function evaluationSettings(recipe: Recipe, name: string) {
  const { eval: common, rollout, reward } = recipe;
  const own = common.datasets.find((dataset) => dataset.name === name);
  return {
    n: own?.nSamplesPerPrompt ?? common.nSamplesPerPrompt,
    maxNewTokens: own?.maxResponseLen ?? common.maxResponseLen,
    temperature: own?.temperature ?? common.temperature,
    topP: own?.topP ?? common.topP,
    topK: own?.topK ?? common.topK ?? rollout.topK,
    rmType: own?.rmType ?? reward.rmType,
  };
}

/** Samples and grades every prompt of an evaluation set, in file order. A function of (weights, seeds, rollout id). */
export async function evaluatePrompts(
  policy: Omit<Policy, "grading"> & { readonly graders: Graders },
  prompts: readonly Prompt[],
  recipe: Recipe,
  name: string,
  rolloutId: number,
  signal: AbortSignal,
): Promise<Group[]> {
  const { rmType, n, ...sampling } = evaluationSettings(recipe, name);
  const means = { tokenizer: policy.tokenizer, grading: policy.graders.forEvaluation(rmType) };
  const perRequest = Math.max(1, Math.floor(SEQUENCES / n));
  const groups: Group[] = [];
  for (let first = 0; first < prompts.length; first += perRequest) {
    throwIfAborted(signal);
    const batch = prompts.slice(first, first + perRequest);
    const samples = await policy.sampler.generate({
      ...sampling,
      prompts: batch.map(({ tokens }) => tokens),
      n,
      stopTokenIds: [...policy.tokenizer.stopTokenIds, ...recipe.rollout.stopTokenIds],
      seed: deriveSeed("eval", recipe.seed, recipe.rollout.seed, name, rolloutId, first),
      signal,
    });
    for (const [i, prompt] of batch.entries()) {
      const own = samples.slice(i * n, (i + 1) * n);
      groups.push({ prompt, samples: await gradeSamples(own, prompt, means, signal) });
    }
  }
  return groups;
}
