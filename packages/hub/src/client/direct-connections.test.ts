import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { DEFAULT_TIMEOUTS } from "./connection.ts";
import { DirectConnections, type BodySink } from "./direct-connections.ts";
import { parseResponseHead } from "./response-head.ts";

const servers: Server[] = [];
const clients: DirectConnections[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) server.close();
});

/** A server that gets each request's text and the socket. */
async function serve(answer: (socket: Socket, request: string) => void): Promise<URL> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      answer(socket, data.toString("latin1"));
    });
  });
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return new URL(`http://127.0.0.1:${port}/path?q=1`);
}

function sink(space = 7): BodySink & { text: () => string; status: number } {
  const buffer = new Uint8Array(space);
  let got = "";
  let statusSeen = 0;
  return {
    get status() {
      return statusSeen;
    },
    head(status, headers) {
      statusSeen = status;
      return status === 206 ? Number(headers["content-length"]) : 0;
    },
    space: () => buffer,
    filled(bytes) {
      got += Buffer.from(buffer.subarray(0, bytes)).toString();
      return got.length % 3 === 0 ? Promise.resolve() : undefined;
    },
    text: () => got,
  };
}

function client(timeouts = {}): DirectConnections {
  const made = new DirectConnections({ ...DEFAULT_TIMEOUTS, ...timeouts });
  clients.push(made);
  return made;
}

const never = new AbortController().signal;

describe("DirectConnections", () => {
  it("receives bodies over one connection", async () => {
    const requests: string[] = [];
    const sockets = new Set<Socket>();
    const url = await serve((socket, request) => {
      requests.push(request);
      sockets.add(socket);
      socket.write("HTTP/1.1 206 Partial Content\r\nContent-Length: 26\r\n\r\nabcdefgh");
      setTimeout(() => socket.write("ijklmnopqrstuvwxyz"), 5);
    });
    const direct = client();
    for (let i = 0; i < 3; i++) {
      const into = sink();
      expect(await direct.get(url, { range: "bytes=0-25" }, into, never)).toBe(true);
      expect(into.text()).toBe("abcdefghijklmnopqrstuvwxyz");
    }
    expect(sockets.size).toBe(1);
    expect(requests[0]).toContain("GET /path?q=1 HTTP/1.1\r\n");
    expect(requests[0]).toContain("range: bytes=0-25\r\n");
  });

  it("refuses what the sink refuses, and answers that are not plain", async () => {
    for (const text of [
      "HTTP/1.1 302 Found\r\nlocation: /x\r\n\r\n",
      "HTTP/1.0 206 Partial\r\ncontent-length: 3\r\n\r\nabc",
      "HTTP/1.1 206 P\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabc",
      "HTTP/1.1 206 P\r\ncontent-length: 3\r\n\r\nabcdef",
      "ICY 200 OK\r\n\r\n",
    ]) {
      const url = await serve((socket) => socket.write(text));
      expect(await client().get(url, {}, sink(), never)).toBe(false);
    }
  });

  it.each([
    ["ends early", (socket: Socket) => socket.end("HTTP/1.1 206 P\r\ncontent-length: 9\r\n\r\nab")],
    ["says nothing", () => undefined],
    [
      "falls silent",
      (socket: Socket) => socket.write("HTTP/1.1 206 P\r\ncontent-length: 9\r\n\r\nab"),
    ],
    [
      "has endless headers",
      (socket: Socket) => socket.write(`HTTP/1.1 206 P\r\nx: ${"y".repeat(40_000)}`),
    ],
  ])("fails when the server %s", async (_, answer) => {
    const url = await serve((socket) => {
      answer(socket);
    });
    const work = client({ headersMs: 50, stallMs: 50 }).get(url, {}, sink(), never);
    await expect(work).rejects.toThrow(/closed|nothing came|32 KiB/);
  });

  it("stops when aborted, and when the sink's disk fails", async () => {
    const url = await serve((socket) =>
      socket.write("HTTP/1.1 206 P\r\ncontent-length: 9\r\n\r\nab"),
    );
    const abort = new AbortController();
    const work = client().get(url, {}, sink(), abort.signal);
    setTimeout(() => {
      abort.abort();
    }, 10);
    await expect(work).rejects.toMatchObject({ code: "INTERRUPTED" });
    const broken = { ...sink(), filled: () => Promise.reject(new Error("disk")) };
    await expect(client().get(url, {}, broken, never)).rejects.toThrow("disk");
  });

  it("lets no header value end its line", async () => {
    let seen = "";
    const url = await serve((socket, request) => {
      seen = request;
      socket.write("HTTP/1.1 206 P\r\ncontent-length: 1\r\n\r\na");
    });
    await client().get(url, { "if-range": '"a"\r\nx-evil: 1' }, sink(), never);
    expect(seen).not.toContain("\r\nx-evil");
  });
});

describe("parseResponseHead", () => {
  const parse = (text: string) => parseResponseHead(Buffer.from(text, "latin1"));
  it("waits for the blank line and joins repeated fields", () => {
    expect(parse("HTTP/1.1 206 P\r\na: 1\r\n")).toBeUndefined();
    expect(parse("HTTP/1.1 206\r\nA: 1 \r\na: 2\r\nconnection: Close\r\n\r\nbody")).toEqual({
      status: 206,
      headers: { a: "1, 2", connection: "Close" },
      length: 48,
      keepAlive: false,
    });
  });
  it.each([
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.1 200 ok\r\n folded: x\r\n\r\n",
    "HTTP/1.1 2000\r\n\r\n",
    "HTTP/1.1 200 ok\r\na : 1\r\n\r\n",
  ])("takes %j for malformed", (text) => {
    expect(parse(text)).toBe("malformed");
  });
});
