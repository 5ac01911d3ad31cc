import type { Tokenizer } from "@moonlight-rl/tokenizer";
import { EventQueue } from "./event-queue.ts";
import type { GenerationRequest, ScoredToken } from "./generation.ts";
import type { Generation, GenerationService } from "./generation-service.ts";
import { ResponseText, type TextSettings } from "./response-text.ts";

/** One or several prompts with the same settings. */
export interface CompletionRequest
  extends Omit<GenerationRequest, "prompt" | "promptIndex">, TextSettings {
  readonly prompts: readonly (readonly number[])[];
}

/** Why a response ended. */
export type Finish =
  /** By a stop token or a stop text. */
  | { readonly kind: "stop"; readonly matched: number | string }
  | { readonly kind: "length" }
  /** By `abort_request`, or since the server stops. */
  | { readonly kind: "abort" };

/** What one more token brought, or the end. */
export interface ResponseStep {
  readonly kind: "response";
  readonly prompt: number;
  readonly sample: number;
  /** Text that is certain now; may be empty. */
  readonly text: string;
  readonly tokens: readonly ScoredToken[];
  /** Set on the last step of a response, and there is exactly one. */
  readonly finish?: Finish;
}

/** The scores of a prompt; before its first response step. */
export interface PromptStep {
  readonly kind: "prompt";
  readonly prompt: number;
  readonly tokens: readonly ScoredToken[];
}

export type CompletionStep = PromptStep | ResponseStep;

/** What requests are answered with. */
export interface Engine {
  readonly service: GenerationService;
  readonly tokenizer: Tokenizer;
}

/**
 * Generates text for all prompts at once. When the signal fires, every response that is not complete ends with `abort`; leaving
 * the loop early ends the generation as well. Throws what `GenerationService.generate` throws, before the first step.
 */
export async function* complete(
  engine: Engine,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<CompletionStep, void, void> {
  const generations: Generation[] = [];
  const steps = new EventQueue<CompletionStep>(() => undefined);
  const abort = (): void => {
    for (const generation of generations) generation.abort();
  };
  try {
    request.prompts.forEach((prompt, promptIndex) => {
      generations.push(engine.service.generate(generationOf(request, prompt, promptIndex)));
    });
    signal.addEventListener("abort", abort);
    if (signal.aborted) abort();
    const all = generations.map(async (generation, prompt) => {
      for await (const step of responses(engine, request, generation, prompt)) steps.push(step);
    });
    Promise.all(all).then(
      () => steps.end(),
      (error: Error) => steps.fail(error),
    );
    yield* steps;
  } finally {
    signal.removeEventListener("abort", abort);
    abort();
  }
}

/** What crosses to the engine's thread: nothing but what it needs. */
function generationOf(
  request: CompletionRequest,
  prompt: readonly number[],
  promptIndex: number,
): GenerationRequest {
  return {
    prompt,
    promptIndex,
    n: request.n,
    temperature: request.temperature,
    topP: request.topP,
    topK: request.topK,
    maxNewTokens: request.maxNewTokens,
    stopTokenIds: request.stopTokenIds,
    seed: request.seed,
    topLogProbs: request.topLogProbs,
    promptLogProbs: request.promptLogProbs,
  };
}

/** The steps of one prompt's responses. */
async function* responses(
  engine: Engine,
  request: CompletionRequest,
  generation: Generation,
  prompt: number,
): AsyncGenerator<CompletionStep, void, void> {
  const open = new Map(
    Array.from({ length: request.n }, (_, sample) => [
      sample,
      new ResponseText(engine.tokenizer, request),
    ]),
  );
  for await (const event of generation) {
    if (event.kind === "prompt") {
      yield { kind: "prompt", prompt, tokens: event.tokens };
      continue;
    }
    const { sample, finish } = event;
    const text = open.get(sample);
    // Tokens that were on their way when a stop text was found.
    if (text === undefined) continue;
    const { token, logProb, top } = event;
    const step = { kind: "response", prompt, sample, tokens: [{ token, logProb, top }] } as const;
    const hidden = finish === "stop" && !request.keepStop;
    let more = hidden ? "" : text.push(token);
    if (finish !== undefined) more += text.end();
    if (finish === undefined && text.stoppedBy === undefined) {
      yield { ...step, text: more };
      continue;
    }
    open.delete(sample);
    if (finish === undefined) generation.endSample(sample);
    yield { ...step, text: more, finish: finishOf(text.stoppedBy, finish, token) };
  }
  for (const [sample, text] of open) {
    const finish: Finish = { kind: request.maxNewTokens === 0 ? "length" : "abort" };
    yield { kind: "response", prompt, sample, text: text.end(), tokens: [], finish };
  }
}

function finishOf(
  stopText: string | undefined,
  finish: "stop" | "length" | undefined,
  token: number,
): Finish {
  if (stopText !== undefined) return { kind: "stop", matched: stopText };
  return finish === "stop" ? { kind: "stop", matched: token } : { kind: "length" };
}
