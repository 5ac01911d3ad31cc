import { setTimeout as sleep } from "node:timers/promises";
import {
  InterruptedError,
  isMoonlightError,
  TemporaryError,
  throwIfAborted,
  type MoonlightError,
} from "@moonlight-rl/core";
import { z } from "zod";
import { Concurrency } from "./concurrency.ts";
import { Connections } from "./connections.ts";
import { EndpointFault } from "./endpoint-fault.ts";
import { MAX_BACKOFF_MS, MAX_RETRY_AFTER_MS, type EndpointOptions } from "./endpoint-options.ts";
import { endpointUrl } from "./endpoint-url.ts";
import { openaiChat, openaiCompletions } from "./openai.ts";
import { postJson } from "./post.ts";
import type { Ask, Protocol, Reply } from "./protocol.ts";
import { sglang } from "./sglang.ts";

const PROTOCOLS: Readonly<Record<EndpointOptions["api"], Protocol>> = {
  "openai-chat": openaiChat,
  "openai-completions": openaiCompletions,
  sglang,
};

/** Asks a server for single samples: bounded and adaptive concurrency, retries, a deadline for each request. */
export class EndpointClient {
  readonly concurrency: Concurrency;
  /** Faults so far, by what they were. */
  readonly faults = new Map<string, number>();
  readonly #options: EndpointOptions;
  readonly #url: URL;
  readonly #protocol: Protocol;
  readonly #connections: Connections;
  readonly #underWay = new Set<AbortController>();
  #closed: Promise<void> | undefined;
  /** Answers so far: whether a server that fails has ever worked. */
  #answers = 0;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#protocol = PROTOCOLS[options.api];
    this.#url = endpointUrl(options.url, options.api);
    this.concurrency = new Concurrency(options.concurrency);
    this.#connections = new Connections(this.#url, options.concurrency);
  }

  /**
   * One sample, retried as long as that may help. Throws the error of the last try; `down` says that the server answered
   * nobody else meanwhile either.
   */
  async ask(ask: Ask, signal: AbortSignal): Promise<Reply> {
    const body = JSON.stringify(this.#protocol.body(ask));
    const before = this.#answers;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#try(body, attempt > 1, signal);
      } catch (error) {
        if (signal.aborted) throw new InterruptedError();
        if (!(error instanceof EndpointFault)) throw error;
        this.faults.set(error.label, (this.faults.get(error.label) ?? 0) + 1);
        const wait = error.retryAfterMs ?? this.#backoff(attempt);
        if (attempt >= this.#options.attempts || wait > MAX_RETRY_AFTER_MS) {
          throw new GaveUp(givenUp(error, attempt, wait), this.#answers === before);
        }
        await sleep(wait, undefined, { signal }).catch(() => throwIfAborted(signal));
      }
    }
  }

  /** Ends what is under way and closes the connections; once, however often it is called. */
  async close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    if (this.#underWay.size === 0) return this.#connections.close();
    for (const controller of this.#underWay) controller.abort();
    await this.#connections.destroy();
  }

  async #try(body: string, urgent: boolean, signal: AbortSignal): Promise<Reply> {
    await this.concurrency.enter(urgent);
    const controller = new AbortController();
    this.#underWay.add(controller);
    let outcome: Parameters<Concurrency["leave"]>[0] = "failure";
    try {
      throwIfAborted(signal);
      const { apiKey, timeoutMs } = this.#options;
      const post = { url: this.#url, apiKey, body, timeoutMs, controller };
      const json = await this.#connections.use(async (dispatcher) =>
        postJson({ ...post, dispatcher }),
      );
      const reply = this.#read(json);
      outcome = "ok";
      this.#answers++;
      return reply;
    } catch (error) {
      if (error instanceof EndpointFault) outcome = error.kind;
      throw error;
    } finally {
      this.#underWay.delete(controller);
      this.concurrency.leave(outcome);
    }
  }

  #read(json: unknown): Reply {
    let reply: Reply;
    try {
      reply = this.#protocol.reply(json);
    } catch (cause) {
      if (!(cause instanceof z.ZodError)) throw cause;
      const issue = cause.issues[0];
      const field = issue?.path.join(".") ?? "";
      throw new EndpointFault(
        "failure",
        "bad answer",
        new TemporaryError(
          "EVAL_ENDPOINT_ANSWER",
          `An answer is not one of ${this.#options.api}: ${field}: ${issue?.message}.`,
          { field, hint: "Check --api: is it what this server speaks?", cause },
        ),
      );
    }
    if (reply.finishReason !== "abort" && reply.finishReason !== "error") return reply;
    const message = `The server broke an answer off (${reply.finishReason}).`;
    const error = new TemporaryError("EVAL_ENDPOINT_FAILING", message, { field: "endpoint" });
    throw new EndpointFault("failure", "aborted", error);
  }

  /** Doubles, and is shortened at random by up to half so that those who failed together do not come back together. */
  #backoff(attempt: number): number {
    const delay = Math.min(this.#options.backoffMs * 2 ** (attempt - 1), MAX_BACKOFF_MS);
    return delay * (1 - Math.random() / 2);
  }
}

/** A sample that was tried often enough. */
export class GaveUp extends Error {
  readonly error: MoonlightError;
  /** Since its first try nobody got an answer. */
  readonly down: boolean;

  constructor(error: MoonlightError, down: boolean) {
    super(error.message);
    this.error = error;
    this.down = down;
  }
}

function givenUp({ error }: EndpointFault, attempts: number, wait: number): MoonlightError {
  const message =
    wait > MAX_RETRY_AFTER_MS
      ? `${error.message} It asks to come back in ${Math.ceil(wait / 1000)} seconds.`
      : `${error.message} Given up after ${attempts} tries.`;
  return new TemporaryError(error.code, message, {
    ...(error.field !== undefined && { field: error.field }),
    hint: error.hint ?? "Run the same command again: answers on record are not asked for again.",
    cause: error,
  });
}

/** Whether an error ends the evaluation at once, since no other sample can fare better. */
export function endsAll(error: unknown): boolean {
  return error instanceof GaveUp ? error.down : isMoonlightError(error);
}
