import { randomUUID } from "node:crypto";
import { openEventStream, type Exchange } from "../http/exchange.ts";
import { failureOf } from "../http/http-failure.ts";
import type { usage } from "./usage.ts";

/** What every part of an answer has. */
export interface AnswerFrame {
  readonly id: string;
  readonly object: string;
  /** Seconds. */
  readonly created: number;
  readonly model: string;
}

export function answerFrame(prefix: string, object: string, model: string): AnswerFrame {
  return {
    id: `${prefix}-${randomUUID()}`,
    object,
    created: Math.floor(Date.now() / 1000),
    model,
  };
}

/**
 * Streams choices as they come, a part of the answer each, and the counts after them where they are asked for. What fails on the
 * way is the stream's last part, since its status is sent already.
 */
export async function streamAnswer(
  exchange: Exchange,
  frame: AnswerFrame,
  choices: AsyncIterable<object>,
  counts: (() => ReturnType<typeof usage>) | undefined,
): Promise<void> {
  const stream = openEventStream(exchange);
  try {
    for await (const choice of choices) await stream.send({ ...frame, choices: [choice] });
    if (counts !== undefined) await stream.send({ ...frame, choices: [], usage: counts() });
  } catch (error) {
    await stream.send(failureOf(error).body);
  }
  await stream.end();
}
