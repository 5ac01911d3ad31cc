import { setTimeout as sleep } from "node:timers/promises";
import { InterruptedError, TemporaryError, throwIfAborted, UsageError } from "@moonlight-rl/core";
import type { Grade, GradingTask } from "../grade.ts";
import type { Grading } from "./grading.ts";

const DEADLINE_MS = 60_000;
const ATTEMPTS = 5;
const BACKOFF_MS = 250;
/** Requests under way. */
const CONCURRENCY = 64;
const MAX_ANSWER_CHARACTERS = 1 << 20;

export interface RemoteOptions {
  readonly url: string;
  readonly rewardKey?: string | null | undefined;
  readonly deadlineMs?: number | undefined;
  /** Wait before the second try; doubles. Default 250. */
  readonly backoffMs?: number;
}

/**
 * The reference's `remote_rm`: posts `{prompt, response, label}` and takes the JSON that comes back as the reward, or what it
 * has under `rewardKey`. 408, 429, 5xx, timeouts and broken connections are tried again, five times in all.
 * Errors: `GRADER_URL_INVALID`, `GRADER_REMOTE_REFUSED`, `GRADER_REMOTE_FAILING`, `GRADER_REMOTE_ANSWER`.
 */
export class RemoteGrading implements Grading {
  readonly #url: URL;
  readonly #rewardKey: string | undefined;
  readonly #deadlineMs: number;
  readonly #backoffMs: number;
  readonly #closed = new AbortController();

  constructor({ url, rewardKey, deadlineMs = DEADLINE_MS, backoffMs = BACKOFF_MS }: RemoteOptions) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
      throw new UsageError("GRADER_URL_INVALID", `"${url}" is no http address.`, {
        field: "rmUrl",
        hint: "Write it like http://127.0.0.1:8000/score.",
      });
    }
    this.#url = new URL(url);
    this.#rewardKey = rewardKey ?? undefined;
    this.#deadlineMs = deadlineMs;
    this.#backoffMs = backoffMs;
  }

  async grade(tasks: readonly GradingTask[], signal?: AbortSignal): Promise<Grade[]> {
    const failed = new AbortController();
    const stop = AbortSignal.any([
      this.#closed.signal,
      failed.signal,
      ...(signal === undefined ? [] : [signal]),
    ]);
    const grades: Grade[] = [];
    const queue = tasks.entries();
    const work = async (): Promise<void> => {
      for (const [at, task] of queue) {
        throwIfAborted(stop);
        const reward = await this.#reward(task, stop);
        grades[at] = { reward, outcome: reward >= 1 ? "correct" : "wrong", extracted: null };
      }
    };
    const workers = Math.min(tasks.length, CONCURRENCY);
    try {
      await Promise.all(Array.from({ length: workers }, work));
    } catch (error) {
      failed.abort();
      throw error;
    }
    return grades;
  }

  close(): Promise<void> {
    this.#closed.abort();
    return Promise.resolve();
  }

  async #reward({ prompt, response, label }: GradingTask, stop: AbortSignal): Promise<number> {
    const body = JSON.stringify({ prompt: prompt ?? null, response, label: label ?? null });
    for (let attempt = 1; ; attempt++) {
      const fault = await this.#post(body, stop);
      if (typeof fault === "number") return fault;
      if (attempt === ATTEMPTS) {
        throw new TemporaryError(
          "GRADER_REMOTE_FAILING",
          `${fault} Given up after ${ATTEMPTS} tries.`,
          {
            field: "rmUrl",
          },
        );
      }
      const wait = this.#backoffMs * 2 ** (attempt - 1) * (1 - Math.random() / 2);
      await sleep(wait, undefined, { signal: stop }).catch(() => throwIfAborted(stop));
    }
  }

  /** The reward, or what went wrong and may pass. */
  async #post(body: string, stop: AbortSignal): Promise<number | string> {
    let answer: Response;
    let text: string;
    try {
      answer = await fetch(this.#url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
        redirect: "error",
        signal: AbortSignal.any([stop, AbortSignal.timeout(this.#deadlineMs)]),
      });
      text = await answer.text();
    } catch (error) {
      if (stop.aborted) throw new InterruptedError();
      const { message, cause } = error as Error;
      const detail = cause instanceof Error ? `: ${cause.message}` : "";
      return `The reward model at ${this.#url.host} gave no answer (${message}${detail}).`;
    }
    const { status } = answer;
    if (status === 408 || status === 429 || status >= 500) {
      return `The reward model answered HTTP ${status}.`;
    }
    if (!answer.ok) {
      throw new UsageError("GRADER_REMOTE_REFUSED", `The reward model answered HTTP ${status}.`, {
        field: "rmUrl",
        hint: "Is the address right? It gets a POST with prompt, response and label.",
      });
    }
    return this.#read(text);
  }

  #read(text: string): number {
    try {
      if (text.length > MAX_ANSWER_CHARACTERS) throw new RangeError("too long");
      let value = JSON.parse(text) as unknown;
      if (this.#rewardKey !== undefined && typeof value === "object" && value !== null) {
        value = (value as Record<string, unknown>)[this.#rewardKey];
      }
      if (typeof value === "number") return value;
    } catch {
      // Said below.
    }
    throw new UsageError(
      "GRADER_REMOTE_ANSWER",
      `The reward model's answer has no reward: ${text.slice(0, 200)}`,
      {
        field: "rewardKey",
        hint: "It answers with a number, or with an object of which rewardKey names the field.",
      },
    );
  }
}
