import { throwIfAborted } from "@moonlight-rl/core";
import type { Recipe } from "@moonlight-rl/recipe";
import type { Prompt } from "./prompt-source.ts";
import { graded, type Group, type Policy } from "./rollout.ts";
import { deriveSeed } from "./seed.ts";

const SEQUENCES = 512;

/** Samples and grades every prompt of an evaluation set, in file order. A function of (weights, seeds, rollout id). */
export async function evaluatePrompts(
  policy: Policy,
  prompts: readonly Prompt[],
  recipe: Recipe,
  name: string,
  rolloutId: number,
  signal: AbortSignal,
): Promise<Group[]> {
  const { nSamplesPerPrompt: n, maxResponseLen, temperature, topP } = recipe.eval;
  const perRequest = Math.max(1, Math.floor(SEQUENCES / n));
  const groups: Group[] = [];
  for (let first = 0; first < prompts.length; first += perRequest) {
    throwIfAborted(signal);
    const batch = prompts.slice(first, first + perRequest);
    const samples = await policy.sampler.generate({
      prompts: batch.map(({ tokens }) => tokens),
      n,
      temperature,
      topP,
      maxNewTokens: maxResponseLen,
      stopTokenIds: policy.tokenizer.stopTokenIds,
      seed: deriveSeed("eval", recipe.seed, recipe.rollout.seed, name, rolloutId, first),
      signal,
    });
    for (const [i, prompt] of batch.entries()) {
      groups.push({
        prompt,
        samples: samples.slice(i * n, (i + 1) * n).map((sample) => graded(sample, prompt, policy)),
      });
    }
  }
  return groups;
}
