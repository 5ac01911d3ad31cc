import type { RolloutGroup } from "@moonlight-rl/core";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { TrainSample } from "../engine/types.ts";
import { mean } from "./metrics.ts";
import type { Group } from "./rollout.ts";

/** Log-probs are float32: seven digits tell them apart. */
const DIGITS = 7;

/**
 * A rollout as it is kept for readers.
 *
 * @param trained the samples of all groups in their order, as they were trained on
 */
export function recordedGroups(
  groups: readonly Group[],
  trained: readonly TrainSample[],
  tokenizer: Pick<Tokenizer, "decode">,
): RolloutGroup[] {
  let next = 0;
  return groups.map(({ prompt, samples }) => ({
    question: prompt.question,
    promptText: prompt.text,
    label: typeof prompt.label === "string" ? prompt.label : JSON.stringify(prompt.label),
    samples: samples.map(({ text, grade, tokens, logProbs, lossMask, finishReason }) => {
      const sample = trained[next++];
      const advantages = sample === undefined ? [] : spreadOut(sample.advantage, tokens.length);
      const counted = advantages.filter((_, t) => lossMask?.[t] !== 0);
      const refLogProbs = sample?.refLogProbs;
      return {
        response: text,
        reward: grade.reward,
        ...(counted.length === 0 ? {} : { advantage: rounded(mean(counted)) }),
        outcome: grade.outcome,
        truncated: finishReason === "length",
        extracted: grade.extracted,
        tokenIds: [...tokens],
        tokens: tokenTexts(tokens, tokenizer),
        logProbs: Array.from(logProbs, rounded),
        ...(refLogProbs === undefined ? {} : { refLogProbs: Array.from(refLogProbs, rounded) }),
        ...(lossMask === undefined ? {} : { lossMask: [...lossMask] }),
      };
    }),
  }));
}

/** The text of each token. One that ends within a character gives nothing; the next gives both. */
export function tokenTexts(
  tokens: readonly number[],
  tokenizer: Pick<Tokenizer, "decode">,
): string[] {
  let start = 0;
  return tokens.map((_, i) => {
    const text = tokenizer.decode(tokens.slice(start, i + 1));
    const open = text.endsWith("\uFFFD") && i + 1 < tokens.length && i - start < 8;
    if (open) return "";
    start = i + 1;
    return text;
  });
}

/** An advantage by token. */
function spreadOut(advantage: TrainSample["advantage"] | undefined, tokens: number): number[] {
  if (advantage === undefined) return [];
  return typeof advantage === "number"
    ? Array.from({ length: tokens }, () => advantage)
    : Array.from(advantage);
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}
