import type { IncomingMessage } from "node:http";
import { HttpFailure } from "./http-failure.ts";

/** Types that a page of another origin can send without being asked first; JSON is never among them. */
const FOREIGN = /^(?:text\/plain|multipart\/form-data)/i;

/** Reads JSON bodies within limits for one body and for all that are being read. */
export class BodyReader {
  readonly #most: number;
  readonly #mostAtOnce: number;
  #held = 0;

  constructor(most: number, mostAtOnce: number) {
    this.#most = most;
    this.#mostAtOnce = mostAtOnce;
  }

  /** Throws 400 (not JSON), 413 (too large), 415 (not JSON's type), 503 (too many large bodies at once). */
  async read(request: IncomingMessage): Promise<unknown> {
    const type = request.headers["content-type"] ?? "";
    if (FOREIGN.test(type) || request.headers["content-encoding"] !== undefined) {
      throw new HttpFailure(
        415,
        "The body must be plain JSON, with content-type application/json.",
      );
    }
    if (Number(request.headers["content-length"] ?? 0) > this.#most) throw this.#tooLarge();
    const blocks: Buffer[] = [];
    let size = 0;
    try {
      for await (const block of request as AsyncIterable<Buffer>) {
        size += block.length;
        this.#held += block.length;
        if (size > this.#most) throw this.#tooLarge();
        if (this.#held > this.#mostAtOnce) {
          throw new HttpFailure(503, "Too many large requests at once; try again.");
        }
        blocks.push(block);
      }
      return parse(Buffer.concat(blocks));
    } finally {
      this.#held -= size;
    }
  }

  #tooLarge(): HttpFailure {
    return new HttpFailure(413, `The body is larger than ${this.#most} bytes.`);
  }
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    throw new HttpFailure(400, `The body is not JSON: ${(error as Error).message}`);
  }
}
