import type { ServerResponse } from "node:http";
import type { FaultServer } from "./fault-server.ts";

/** What a request for a file asked for. */
export interface Asked {
  readonly start: number;
  readonly end: number;
  readonly ranged: boolean;
  /** Counts requests for the file from 1. */
  readonly count: number;
}

/** Answers a request wrongly, or returns false to let the real server answer it. */
export type FileFault = (response: ServerResponse, asked: Asked) => boolean | Promise<boolean>;

/** One file of a server, and ways to send it wrongly. Whatever else is asked of the server is answered rightly. */
export class FaultyFile {
  readonly content: Buffer;
  readonly #name: string;

  constructor(name: string, content: Buffer) {
    this.#name = name;
    this.content = content;
  }

  get size(): number {
    return this.content.length;
  }

  /** A fault in answers for this file only, counted anew from 1. */
  spoil(server: FaultServer, fault: FileFault): void {
    let count = 0;
    server.setFault((request, response) => {
      const url = request.url ?? "";
      if (!url.includes("/resolve/") || !url.split("?", 1)[0]?.endsWith(this.#name)) return false;
      const match = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "");
      count++;
      return fault(response, {
        start: Number(match?.[1] ?? 0),
        end: match === null ? this.size : Number(match[2]) + 1,
        ranged: match !== null,
        count,
      });
    });
  }

  /** The head of a right answer, but for `more`. */
  head(response: ServerResponse, { start, end, ranged }: Asked, more = {}): void {
    const range = `bytes ${start}-${end - 1}/${this.size}`;
    response.writeHead(ranged ? 206 : 200, {
      ...(ranged ? { "content-range": range } : {}),
      ...more,
    });
  }

  /** Sends so many bytes of what was asked and then no more, with the connection left open. */
  hang(response: ServerResponse, asked: Asked, bytes: number): boolean {
    this.head(response, asked, { "content-length": asked.end - asked.start });
    response.write(this.content.subarray(asked.start, asked.start + bytes));
    return true;
  }

  /** Sends so many bytes of what was asked, then cuts the connection. */
  cut(response: ServerResponse, asked: Asked, bytes: number): boolean {
    this.head(response, asked, { "content-length": asked.end - asked.start });
    response.write(this.content.subarray(asked.start, asked.start + bytes), () =>
      response.destroy(),
    );
    return true;
  }

  /** A byte every few milliseconds, for ever. */
  trickle(response: ServerResponse, asked: Asked): boolean {
    this.head(response, asked, { "content-length": asked.end - asked.start });
    const timer = setInterval(() => response.write(Buffer.from([1])), 5);
    response.on("close", () => {
      clearInterval(timer);
    });
    return true;
  }

  /** A whole answer with other headers, or of other content. */
  answer(response: ServerResponse, asked: Asked, more = {}, content = this.content): boolean {
    this.head(response, asked, { "content-length": asked.end - asked.start, ...more });
    response.end(content.subarray(asked.start, asked.end));
    return true;
  }
}
