import type { InferenceModel } from "../engine/inference-model.ts";
import type { GenerationRequest, PromptEvent, ScoredToken } from "./generation.ts";
import { scoreToken } from "./scored-token.ts";

/** Probabilities that one reading makes at most (64 MiB); a longer prompt is read several times. */
const PROBABILITIES = 1 << 24;

/** Scores the tokens of a prompt, each given those before it. */
export async function scorePrompt(
  model: InferenceModel,
  { prompt, temperature, topLogProbs }: GenerationRequest,
): Promise<PromptEvent> {
  const vocabulary = model.config.vocab_size;
  const atOnce = Math.max(1, Math.floor(PROBABILITIES / vocabulary));
  const tokens: ScoredToken[] = [];
  for (let begin = 1; begin < prompt.length; begin += atOnce) {
    const scored = prompt.slice(begin, begin + atOnce);
    const { probabilities } = await model.read(
      [prompt],
      scored.map((_, i) => ({ prompt: 0, token: begin + i - 1, temperature })),
    );
    scored.forEach((token, i) => {
      tokens.push(scoreToken(probabilities[i] as Float32Array, token, topLogProbs));
    });
  }
  return { kind: "prompt", tokens };
}
