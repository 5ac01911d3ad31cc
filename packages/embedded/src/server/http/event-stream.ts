import type { ServerResponse } from "node:http";

/** How long a client may take to read what waits for it before it is given up. */
export const SLOW_CLIENT_MS = 30_000;

/** Server-sent events with backpressure: a send returns when the client can take more. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #slowMs: number;

  constructor(response: ServerResponse, slowMs: number) {
    this.#response = response;
    this.#slowMs = slowMs;
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
      "x-accel-buffering": "no",
    });
    response.flushHeaders();
  }

  async send(data: unknown): Promise<void> {
    await this.#write(`data: ${JSON.stringify(data)}\n\n`);
  }

  /** The end that OpenAI's and SGLang's clients wait for. */
  async end(): Promise<void> {
    await this.#write("data: [DONE]\n\n");
    await endResponse(this.#response, this.#slowMs);
  }

  async #write(text: string): Promise<void> {
    const response = this.#response;
    if (response.destroyed || response.write(text)) return;
    await untilRead(response, "drain", this.#slowMs);
  }
}

/** Ends a response and waits until the client has it all, is gone, or has taken too long. */
export async function endResponse(
  response: ServerResponse,
  slowMs: number,
  body?: Buffer,
): Promise<void> {
  if (response.destroyed) return;
  response.end(body);
  if (!response.writableFinished) await untilRead(response, "finish", slowMs);
}

async function untilRead(
  response: ServerResponse,
  event: "drain" | "finish",
  slowMs: number,
): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      response.off(event, done);
      response.off("close", done);
      resolve();
    };
    const timer = setTimeout(() => response.destroy(), slowMs);
    response.once(event, done);
    response.once("close", done);
  });
}
