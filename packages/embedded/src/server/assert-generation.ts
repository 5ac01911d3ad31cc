import { UsageError } from "@moonlight-rl/core";
import type { HfConfig } from "@moonlight-rl/model";
import type { GenerationRequest } from "./generation.ts";

/** Most candidates that are reported at a place. */
export const MAX_TOP_LOG_PROBS = 128;

/** Refuses, by field, what cannot be generated. */
export function assertGeneration(
  config: HfConfig,
  contextLength: number,
  limit: number,
  request: GenerationRequest,
): void {
  const { prompt, n, temperature, topP, topK, maxNewTokens, seed, topLogProbs } = request;
  if (prompt.length === 0) refuse("prompt", "is empty");
  for (const token of prompt) inVocabulary(config, "prompt", token);
  for (const token of request.stopTokenIds) inVocabulary(config, "stopTokenIds", token);
  if (!Number.isInteger(n) || n < 1 || n > limit) {
    refuse("n", `must be from 1 to ${limit}, which is what may run or wait`);
  }
  if (!(temperature >= 0 && temperature < Infinity)) refuse("temperature", "must be 0 or more");
  if (!(topP > 0 && topP <= 1)) refuse("topP", "must be in (0, 1]");
  if (!Number.isInteger(topK)) refuse("topK", "must be an integer");
  if (!Number.isInteger(request.promptIndex)) refuse("promptIndex", "must be an integer");
  if (!Number.isSafeInteger(seed)) refuse("seed", "must be an integer");
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 0) {
    refuse("maxNewTokens", "must be 0 or more");
  }
  if (prompt.length + maxNewTokens > contextLength) {
    refuse(
      "maxNewTokens",
      `${prompt.length} tokens of the prompt and ${maxNewTokens} new ones exceed the context of ${contextLength}`,
    );
  }
  if (!Number.isInteger(topLogProbs) || topLogProbs < 0 || topLogProbs > MAX_TOP_LOG_PROBS) {
    refuse("topLogProbs", `must be from 0 to ${MAX_TOP_LOG_PROBS}`);
  }
}

function inVocabulary(config: HfConfig, field: string, token: number): void {
  if (Number.isInteger(token) && token >= 0 && token < config.vocab_size) return;
  refuse(field, `token ${token} is not in the vocabulary of ${config.vocab_size}`);
}

function refuse(field: string, reason: string): never {
  throw new UsageError("GENERATION_INVALID", `${field}: ${reason}`, { field });
}
