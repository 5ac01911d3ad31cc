import { setMaxListeners } from "node:events";
import {
  InterruptedError,
  isMoonlightError,
  sha256,
  TemporaryError,
  UsageError,
} from "@moonlight-rl/core";
import type { Tokenizer } from "@moonlight-rl/tokenizer";
import type { RowMessage } from "@moonlight-rl/dataset";
import type { Problem } from "../data/problem.ts";
import { EndpointClient, endsAll, GaveUp } from "../endpoint/endpoint-client.ts";
import type { EndpointOptions } from "../endpoint/endpoint-options.ts";
import type { Ask, Reply } from "../endpoint/protocol.ts";
import type { Answer, SampleRequest } from "./answer.ts";
import type { Policy, PolicyJob, PolicySource } from "./policy.ts";
import { messagesOf, readablePrompt, renderPrompt } from "./prompt.ts";

/** Renders and encodes prompts; without it the server has to. */
type PromptTokenizer = Pick<Tokenizer, "encode" | "renderChat" | "stopTokenIds">;

export interface EndpointSourceOptions {
  readonly endpoint: EndpointOptions;
  readonly tokenizer: PromptTokenizer | undefined;
  /** Told now and then what went wrong so far and how many requests may be under way. */
  readonly onFaults?: (faults: ReadonlyMap<string, number>, limit: number) => void;
}

/** A server by HTTP. Each sample is a request of its own with a seed of its own. */
export function endpointSource(options: EndpointSourceOptions): PolicySource {
  const client = new EndpointClient(options.endpoint);
  return {
    forSet: (job) => endpointPolicy(client, options, job),
    close: () => client.close(),
  };
}

function endpointPolicy(
  client: EndpointClient,
  { endpoint: options, tokenizer, onFaults }: EndpointSourceOptions,
  { problems, settings }: PolicyJob,
): Policy {
  const rendered = options.api !== "openai-chat";
  const render = (messages: readonly RowMessage[]): string => {
    if (tokenizer !== undefined) {
      return tokenizer.renderChat(messages, { addGenerationPrompt: true });
    }
    throw new UsageError("EVAL_TOKENIZER_MISSING", `${options.api} needs prompts that we render.`, {
      field: "tokenizer",
      hint: "Give the model's folder with --tokenizer, or let the server render: --api openai-chat.",
    });
  };
  const promptText = (problem: Problem): string =>
    rendered ? renderPrompt(problem, settings.applyChatTemplate, render) : readablePrompt(problem);

  const askOf = ({ problem: index, sample }: SampleRequest): Ask => {
    const problem = problems[index] as Problem;
    const text = promptText(problem);
    return {
      messages: messagesOf(problem),
      text,
      ids: options.api === "sglang" ? tokenizer?.encode(text) : undefined,
      stopTokenIds: tokenizer?.stopTokenIds,
      temperature: settings.temperature,
      topP: settings.topP,
      topK: settings.topK,
      maxTokens: settings.maxResponseLen,
      seed: options.sendSeed ? sampleSeed(settings.seed, problem, sample) : undefined,
      model: options.model,
      extra: options.extraBody,
    };
  };

  return {
    promptText,
    async answer(requests, { onAnswers, signal }) {
      const abort = (): void => void client.close();
      signal.addEventListener("abort", abort, { once: true });
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal]);
      // As many as wait for their next try listen to it.
      setMaxListeners(0, either);
      const queue = requests.values();
      const gaveUp: { readonly request: SampleRequest; readonly error: GaveUp }[] = [];
      let reported = 0;
      const report = (): void => {
        const total = [...client.faults.values()].reduce((sum, count) => sum + count, 0);
        if (total === reported) return;
        reported = total;
        onFaults?.(client.faults, client.concurrency.limit);
      };
      const timer = setInterval(report, REPORT_EVERY_MS);

      /** Takes one request after the other; so many of these as may be open at once. */
      const work = async (): Promise<void> => {
        for (const request of queue) {
          if (either.aborted) return;
          try {
            const reply = await client.ask(askOf(request), either);
            await onAnswers([answerOf(request, reply, settings.maxResponseLen, tokenizer)]);
          } catch (error) {
            if (error instanceof GaveUp && !endsAll(error)) gaveUp.push({ request, error });
            else {
              stop.abort();
              throw error instanceof GaveUp ? error.error : naming(error, request);
            }
          }
        }
      };
      try {
        // Twice as many as requests may be under way: those who wait for their next try keep nobody from the server.
        const workers = Math.min(requests.length, 2 * options.concurrency);
        const ended = await Promise.allSettled(Array.from({ length: workers }, work));
        if (signal.aborted) throw new InterruptedError();
        // The others were interrupted because of the first one that failed.
        const failures = ended.flatMap((end) =>
          end.status === "rejected" ? [end.reason as unknown] : [],
        );
        const cause = failures.find((error) => !isInterruption(error)) ?? failures[0];
        if (cause !== undefined) throw cause;
        const [first] = gaveUp;
        if (first !== undefined) throw holes(gaveUp.length, requests.length, first);
      } finally {
        clearInterval(timer);
        report();
        signal.removeEventListener("abort", abort);
      }
    },
  };
}

/** By its code: an error may be of another copy of the package. */
function isInterruption(error: unknown): boolean {
  return isMoonlightError(error) && error.code === "INTERRUPTED";
}

const REPORT_EVERY_MS = 10_000;

/** Of the sample alone: more samples, other problems or another order change nobody's seed. */
export function sampleSeed(seed: number, { row }: Problem, sample: number): number {
  return Number.parseInt(sha256(`eval ${seed} ${row} ${sample}`).slice(0, 8), 16) >>> 1;
}

/** A server that names no reason ended by length if it used up the room. */
function answerOf(
  request: SampleRequest,
  { text, reasoning, finishReason, tokens }: Reply,
  maxTokens: number,
  tokenizer: PromptTokenizer | undefined,
): Answer {
  const counted = tokens ?? tokenizer?.encode(text).length ?? null;
  const full = counted !== null && counted >= maxTokens;
  return {
    ...request,
    response: text,
    ...(reasoning !== undefined && reasoning !== "" && { reasoning }),
    tokens: counted,
    truncated: finishReason === null ? full : finishReason === "length",
    finishReason: finishReason ?? (full ? "length" : "unknown"),
  };
}

/** A refusal is about one request: which one helps to find out why. */
function naming(error: unknown, { problem, sample }: SampleRequest): unknown {
  if (!isMoonlightError(error) || error.code !== "EVAL_ENDPOINT_REFUSED") return error;
  return new UsageError(error.code, `Problem ${problem + 1}, sample ${sample}: ${error.message}`, {
    field: `problem ${problem + 1}`,
    ...(error.hint !== undefined && { hint: error.hint }),
    cause: error,
  });
}

/** An evaluation with holes is no evaluation: nothing is published, and the next run asks for what is missing. */
function holes(
  count: number,
  asked: number,
  { request, error }: { readonly request: SampleRequest; readonly error: GaveUp },
): TemporaryError {
  const place = `problem ${request.problem + 1}, sample ${request.sample}`;
  return new TemporaryError(
    "EVAL_SAMPLES_MISSING",
    `${count} of ${asked} samples got no answer; the first: ${place}: ${error.message}`,
    {
      hint: "Run the same command again: it asks for these alone. Answers on record are kept.",
      cause: error.error,
    },
  );
}
