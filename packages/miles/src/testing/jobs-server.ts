import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { isFinal, type JobRequest, type JobStatus } from "../ray/job.ts";

/** A job of the test server; the test plays the program. */
export class FakeJob {
  readonly request: JobRequest;
  readonly started = Date.now();
  status: JobStatus = "RUNNING";
  message = "";
  exitCode: number | null = null;
  log = "";
  readonly #stop = new AbortController();
  readonly #sockets = new Set<{ sent: number; readonly socket: Duplex }>();

  constructor(request: JobRequest) {
    this.request = request;
  }

  /** Fires when the job is told to stop. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  write(text: string): void {
    this.log += text;
    for (const tail of this.#sockets) this.#send(tail);
  }

  end(status: JobStatus, exitCode: number | null, message = ""): void {
    if (isFinal(this.status)) return;
    [this.status, this.exitCode, this.message] = [status, exitCode, message];
    for (const { socket } of this.#sockets) socket.end(frame(8, Buffer.from([0x03, 0xe8])));
  }

  stop(): void {
    this.#stop.abort();
    this.end("STOPPED", null);
  }

  /** As Ray does: the whole log from its beginning, then what is added, then the end. */
  tail(socket: Duplex): void {
    const tail = { sent: 0, socket };
    this.#sockets.add(tail);
    socket
      .on("close", () => this.#sockets.delete(tail))
      .on("error", () => undefined)
      .resume();
    this.#send(tail);
    if (isFinal(this.status)) socket.end(frame(8, Buffer.from([0x03, 0xe8])));
  }

  /** Cuts every connection that tails this log, as a network does. */
  cutSockets(): void {
    for (const { socket } of this.#sockets) socket.destroy();
  }

  #send(tail: { sent: number; readonly socket: Duplex }): void {
    if (tail.sent === this.log.length) return;
    tail.socket.write(frame(1, Buffer.from(this.log.slice(tail.sent), "utf8")));
    tail.sent = this.log.length;
  }

  answer(): Record<string, unknown> {
    const { request, status, message, exitCode, started } = this;
    return {
      type: "SUBMISSION",
      job_id: null,
      driver_info: null,
      error_type: null,
      driver_agent_http_address: null,
      driver_node_id: null,
      end_time: isFinal(status) ? Date.now() : null,
      start_time: started,
      status,
      message,
      driver_exit_code: exitCode,
      metadata: null,
      runtime_env: null,
      ...request,
    };
  }
}

export interface JobsServerOptions {
  /** Plays the program of each job that is submitted. */
  readonly run?: (job: FakeJob) => void | Promise<void>;
  /** What requests must bring as their bearer token. */
  readonly token?: string;
}

/** Ray's Jobs REST on loopback, without Ray: for tests of what talks to it, and of what it does when it misbehaves. */
export class JobsServer {
  readonly jobs = new Map<string, FakeJob>();
  /** `METHOD path` of every request. */
  readonly requests: string[] = [];
  /** Misbehaviour: called before a request is served; true = it has answered. */
  intercept: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined;
  /** GPUs of its only node. */
  gpus = 8;
  /** Sockets are refused, as by a proxy. */
  refuseSockets = false;
  readonly #options: JobsServerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  readonly #programs: Promise<void>[] = [];

  private constructor(options: JobsServerOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.on("upgrade", (request, socket) => this.#upgrade(request, socket));
    this.#server.on("connection", (socket) => {
      this.#connections.add(socket);
      socket.on("close", () => this.#connections.delete(socket));
    });
  }

  static async start(options: JobsServerOptions = {}): Promise<JobsServer> {
    const server = new JobsServer(options);
    server.#server.listen(0, "127.0.0.1");
    await once(server.#server, "listening");
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Ends the jobs, and waits for what plays their programs. */
  async close(): Promise<void> {
    for (const job of this.jobs.values()) job.stop();
    await Promise.allSettled(this.#programs);
    for (const socket of this.#connections) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "" } = request;
    this.requests.push(`${method} ${url}`);
    if (this.intercept?.(request, response)) return;
    const answer = (status: number, body: unknown): void => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      response.writeHead(status, {
        "content-type": typeof body === "string" ? "text/plain" : "application/json",
      });
      response.end(text);
    };
    const { token } = this.#options;
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`)
      return answer(401, "Unauthorized: Missing authentication token");
    if (url === "/api/version")
      return answer(200, { version: "4", ray_version: "2.55.1", ray_commit: "" });
    if (url === "/nodes?view=summary")
      return answer(200, {
        data: {
          summary: [
            { hostname: "test", raylet: { state: "ALIVE", resourcesTotal: { GPU: this.gpus } } },
          ],
        },
      });
    if (url === "/api/jobs/" && method === "GET")
      return answer(
        200,
        [...this.jobs.values()].map((job) => job.answer()),
      );
    if (url === "/api/jobs/" && method === "POST") {
      const asked = JSON.parse(await textOf(request)) as JobRequest;
      const id = asked.submission_id;
      if (this.jobs.has(id))
        return answer(
          400,
          `Traceback (most recent call last):\nValueError: Job with submission_id ${id} already exists. Please use a different submission_id.\n`,
        );
      const job = new FakeJob(asked);
      this.jobs.set(id, job);
      job.write(`Running entrypoint for job ${id}: ${asked.entrypoint}\n`);
      this.#programs.push(Promise.resolve(this.#options.run?.(job)));
      return answer(200, { job_id: id, submission_id: id });
    }
    const [, id = "", rest = ""] = /^\/api\/jobs\/([^/]+)(\/.*)?$/.exec(url) ?? [];
    const job = this.jobs.get(decodeURIComponent(id));
    if (job === undefined) return answer(404, `Job ${id} does not exist`);
    if (rest === "/stop") {
      const running = !isFinal(job.status);
      job.stop();
      return answer(200, { stopped: running });
    }
    if (rest === "/logs") return answer(200, { logs: job.log });
    if (method === "DELETE") return answer(200, { deleted: this.jobs.delete(id) });
    return answer(200, job.answer());
  }

  #upgrade(request: IncomingMessage, socket: Duplex): void {
    this.requests.push(`SOCKET ${request.url ?? ""}`);
    const id = /^\/api\/jobs\/([^/]+)\/logs\/tail$/.exec(request.url ?? "")?.[1] ?? "";
    const job = this.jobs.get(decodeURIComponent(id));
    if (this.refuseSockets || job === undefined) return void socket.end("HTTP/1.1 502 Bad\r\n\r\n");
    const key = String(request.headers["sec-websocket-key"]);
    const accept = createHash("sha1")
      .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest("base64");
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    job.tail(socket);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

/** An unmasked frame of a web socket: opcode 1 text, 8 close. */
function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size =
    length < 126
      ? Buffer.from([length])
      : length < 1 << 16
        ? Buffer.from([126, length >> 8, length & 0xff])
        : Buffer.concat([Buffer.from([127, 0, 0, 0, 0]), uint32(length)]);
  return Buffer.concat([Buffer.from([0x80 | opcode]), size, payload]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
