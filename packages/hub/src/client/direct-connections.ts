import { connect as connectPlain, isIP, type OnReadOpts, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { InterruptedError } from "@moonlight-rl/core";
import type { Headers } from "./hub-error.ts";
import type { Timeouts } from "./connection.ts";
import { parseResponseHead } from "./response-head.ts";

/** Takes the body of a response. */
export interface BodySink {
  /** Status and headers; what it returns is how many bytes of body are wanted, 0 refuses the response. */
  head(status: number, headers: Headers): number;
  /** Where the next bytes go; never empty. */
  space(): Uint8Array;
  /** So many bytes lie there now. A promise asks the network to wait. */
  filled(bytes: number): Promise<void> | undefined;
}

const HEAD_BYTES = 32 << 10;

/**
 * HTTP/1.1 for the bulk of a download: GETs whose bodies the kernel puts straight into the caller's memory, which general
 * clients cannot. It knows one kind of answer, a body of known length; on anything else it refuses, and the caller asks
 * again through the general client, which knows all the others.
 */
export class DirectConnections {
  readonly #timeouts: Timeouts;
  readonly #idle = new Map<string, DirectConnection[]>();
  readonly #all = new Set<DirectConnection>();

  constructor(timeouts: Timeouts) {
    this.#timeouts = timeouts;
  }

  /** Resolves to false when the sink refused the response; rejects with what broke the connection. */
  async get(url: URL, headers: Headers, sink: BodySink, signal: AbortSignal): Promise<boolean> {
    const idle = this.#idle.get(url.origin) ?? [];
    this.#idle.set(url.origin, idle);
    const connection = idle.pop() ?? this.#open(url);
    try {
      const taken = await connection.get(url, headers, sink, signal);
      if (taken && connection.reusable) idle.push(connection);
      else this.#end(connection);
      return taken;
    } catch (error) {
      this.#end(connection);
      throw error;
    }
  }

  close(): void {
    for (const connection of this.#all) this.#end(connection);
    this.#idle.clear();
  }

  #open(url: URL): DirectConnection {
    const connection = new DirectConnection(url, this.#timeouts);
    this.#all.add(connection);
    return connection;
  }

  #end(connection: DirectConnection): void {
    connection.destroy();
    this.#all.delete(connection);
  }
}

class DirectConnection {
  reusable = false;
  readonly #timeouts: Timeouts;
  readonly #socket: Socket;
  readonly #head = new Uint8Array(HEAD_BYTES);
  #headLength = 0;
  #sink: BodySink | undefined;
  /** Bytes of body that are still to come; undefined while the head is. */
  #left: number | undefined;
  #settle: { resolve: (taken: boolean) => void; reject: (error: unknown) => void } | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(url: URL, timeouts: Timeouts) {
    this.#timeouts = timeouts;
    const onread: OnReadOpts = {
      buffer: () => this.#space(),
      callback: (bytes) => this.#read(bytes),
    };
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const port = Number(url.port || (url.protocol === "https:" ? 443 : 80));
    this.#socket =
      url.protocol === "https:"
        ? // Typed without onread, which TLS sockets have had since Node 15.
          connectTls(
            Object.assign(
              {
                host,
                port,
                ALPNProtocols: ["http/1.1"],
                ...(isIP(host) ? {} : { servername: host }),
              },
              { onread },
            ),
          )
        : connectPlain({ host, port, noDelay: true, onread });
    this.#socket.on("error", (error) => {
      this.#fail(error);
    });
    this.#socket.on("close", () => {
      this.#fail(Object.assign(new Error("other side closed"), { code: "ECONNRESET" }));
    });
  }

  async get(url: URL, headers: Headers, sink: BodySink, signal: AbortSignal): Promise<boolean> {
    const abort = (): void => {
      this.#fail(new InterruptedError());
    };
    signal.addEventListener("abort", abort, { once: true });
    this.reusable = false;
    this.#sink = sink;
    this.#left = undefined;
    this.#headLength = 0;
    try {
      return await new Promise<boolean>((resolve, reject) => {
        this.#settle = { resolve, reject };
        if (signal.aborted) abort();
        this.#watch(this.#timeouts.headersMs);
        this.#socket.write(requestText(url, headers));
        this.#socket.resume();
      });
    } finally {
      signal.removeEventListener("abort", abort);
      clearTimeout(this.#timer);
      this.#settle = undefined;
      this.#sink = undefined;
    }
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#socket.destroy();
  }

  #space(): Uint8Array {
    if (this.#sink === undefined || this.#left === undefined || this.#left === 0)
      return this.#head.subarray(this.#headLength);
    const space = this.#sink.space();
    return space.length > this.#left ? space.subarray(0, this.#left) : space;
  }

  /** False = stop reading until `resume`. */
  #read(bytes: number): boolean {
    if (this.#sink === undefined || this.#settle === undefined) {
      // Nobody has asked for anything.
      this.destroy();
      return false;
    }
    if (this.#left !== undefined) return this.#took(bytes);
    this.#headLength += bytes;
    const head = parseResponseHead(this.#head.subarray(0, this.#headLength));
    if (head === undefined) {
      if (this.#headLength < HEAD_BYTES) return true;
      this.#fail(new Error("headers of more than 32 KiB"));
      return false;
    }
    if (head === "malformed") {
      this.#finish(false);
      return false;
    }
    this.reusable = head.keepAlive;
    this.#left = this.#sink.head(head.status, head.headers);
    const body = this.#head.subarray(head.length, this.#headLength);
    this.#headLength = 0;
    if (this.#left === 0 || body.length > this.#left) {
      this.#finish(false);
      return false;
    }
    this.#watch(this.#timeouts.stallMs);
    return this.#copy(body);
  }

  /** The first bytes of the body, which came along with the head. */
  #copy(body: Uint8Array): boolean {
    let reading = true;
    for (let at = 0; at < body.length && reading;) {
      const space = this.#space();
      const length = Math.min(space.length, body.length - at);
      space.set(body.subarray(at, at + length));
      at += length;
      reading = this.#took(length);
    }
    return reading;
  }

  #took(bytes: number): boolean {
    const sink = this.#sink;
    if (sink === undefined || this.#left === undefined) return false;
    this.#left -= bytes;
    this.#timer?.refresh();
    const wait = sink.filled(bytes);
    const ended = this.#left === 0;
    if (wait !== undefined) void this.#after(wait, ended);
    else if (ended) this.#finish(true);
    return wait === undefined && !ended;
  }

  /** Goes on, or ends, once the sink is ready. */
  async #after(wait: Promise<void>, ended: boolean): Promise<void> {
    try {
      await wait;
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#timer?.refresh();
    if (ended) this.#finish(true);
    else this.#socket.resume();
  }

  #finish(taken: boolean): void {
    this.#settle?.resolve(taken);
    this.#settle = undefined;
  }

  #fail(error: unknown): void {
    this.reusable = false;
    // The last read may still ask where its bytes would go.
    this.#sink = undefined;
    this.#socket.destroy();
    this.#settle?.reject(error);
    this.#settle = undefined;
  }

  #watch(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const error = new Error(`nothing came for ${ms / 1000} s`);
      this.#fail(Object.assign(error, { code: "UND_ERR_BODY_TIMEOUT" }));
    }, ms);
  }
}

function requestText(url: URL, headers: Headers): string {
  const lines = Object.entries({ host: url.host, connection: "keep-alive", ...headers })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}: ${(value ?? "").replaceAll(/[\r\n]/g, "")}\r\n`);
  return `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}\r\n`;
}
