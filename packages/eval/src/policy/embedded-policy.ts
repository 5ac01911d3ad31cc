import { isMoonlightError, PreflightError } from "@moonlight-rl/core";
import type * as Embedded from "@moonlight-rl/embedded";
import { loadTokenizer, type Tokenizer } from "@moonlight-rl/tokenizer";
import type { Problem } from "../data/problem.ts";
import type { Answer } from "./answer.ts";
import { BLOCK_PROBLEMS, blockSeed, blocksOf, type Block } from "./embedded-block.ts";
import type { Policy, PolicyJob, PolicySource } from "./policy.ts";
import { renderPrompt } from "./prompt.ts";

/** Weights with their tokenizer. */
export interface Engine {
  readonly tokenizer: Pick<Tokenizer, "encode" | "decode" | "renderChat" | "stopTokenIds">;
  /** Opened with the first sample: a complete journal needs no engine. */
  openSampler(): Promise<Pick<Embedded.Sampler, "generate" | "close">>;
}

export interface EngineOptions {
  /** Default: the cores available. Never changes results. */
  readonly threads?: number;
}

/** Opens an HF model folder for the embedded engine. */
export async function openEngine(folder: string, options: EngineOptions = {}): Promise<Engine> {
  return {
    tokenizer: await loadTokenizer(folder),
    async openSampler() {
      const { createSampler, loadParameters } = await importEngine();
      return createSampler({ ...(await loadParameters(folder)), ...options });
    },
  };
}

/** A checkpoint in this process. */
export function embeddedSource(engine: Engine): PolicySource {
  let sampler: ReturnType<Engine["openSampler"]> | undefined;
  const openOnce = (): ReturnType<Engine["openSampler"]> => (sampler ??= engine.openSampler());
  return {
    forSet: (job) => embeddedPolicy(engine.tokenizer, openOnce, job),
    async close() {
      await (await sampler)?.close();
    },
  };
}

function embeddedPolicy(
  tokenizer: Engine["tokenizer"],
  openSampler: Engine["openSampler"],
  { problems, settings, onResponses }: PolicyJob,
): Policy {
  const promptText = (problem: Problem): string =>
    renderPrompt(problem, settings.applyChatTemplate, (messages) =>
      tokenizer.renderChat(messages, { addGenerationPrompt: true }),
    );

  const sample = async (block: Block, signal: AbortSignal): Promise<Answer[]> => {
    const sampler = await openSampler();
    const asked = problems.slice(block.problem, block.problem + BLOCK_PROBLEMS);
    let finished = 0;
    const samples = await sampler.generate({
      prompts: asked.map((problem) => tokenizer.encode(promptText(problem))),
      n: block.samples,
      temperature: settings.temperature,
      topP: settings.topP,
      ...(settings.topK > 0 && { topK: settings.topK }),
      maxNewTokens: settings.maxResponseLen,
      stopTokenIds: tokenizer.stopTokenIds,
      seed: blockSeed(settings.seed, block),
      onSample: () => onResponses?.(++finished),
      signal,
    });
    return samples.map(({ promptIndex, sampleIndex, tokens, finishReason }) => {
      const truncated = finishReason === "length";
      const text = truncated ? tokens : tokens.slice(0, -1);
      return {
        problem: block.problem + promptIndex,
        sample: block.sample + sampleIndex,
        response: tokenizer.decode(text, { skipSpecialTokens: true }),
        tokens: tokens.length,
        truncated,
        finishReason,
      };
    });
  };

  return {
    promptText,
    async answer(requests, { onAnswers, signal }) {
      const wanted = new Set(requests.map(({ problem, sample }) => `${problem} ${sample}`));
      for (const block of blocksOf(requests, problems.length)) {
        const answers = await sample(block, signal);
        // What a journal has already of a block that was cut off is sampled again, and is the same again.
        await onAnswers(
          answers.filter(({ problem, sample }) => wanted.has(`${problem} ${sample}`)),
        );
      }
    },
  };
}

/** The engine is an optional peer: who evaluates by other means need not install it. */
async function importEngine(): Promise<typeof Embedded> {
  try {
    return await import("@moonlight-rl/embedded");
  } catch (cause) {
    if (isMoonlightError(cause)) throw cause;
    throw new PreflightError(
      "EVAL_ENGINE_MISSING",
      `The embedded engine cannot be loaded: ${(cause as Error).message}`,
      { hint: "Install it: npm install @moonlight-rl/embedded", cause },
    );
  }
}
