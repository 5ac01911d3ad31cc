import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { EventStream } from "./event-stream.ts";

/** Handles one request of a client that sends it and then does as it likes. */
async function exchange(
  handle: (response: ServerResponse) => Promise<void>,
  reads: boolean,
): Promise<string> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const handled = (async () => {
    const [, response] = (await once(server, "request")) as [unknown, ServerResponse];
    await handle(response);
  })();
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let read = "";
  if (reads) socket.on("data", (data: Buffer) => (read += data.toString()));
  else socket.pause();
  socket.on("error", () => undefined);
  socket.write("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  const gone = once(socket, "close");
  await handled;
  if (reads) await gone;
  const closed = once(server, "close");
  server.close();
  server.closeAllConnections();
  socket.destroy();
  await closed;
  return read;
}

it("gives a client up that leaves unread what it asked for", async () => {
  let sent = 0;
  await exchange(async (response) => {
    const stream = new EventStream(response, 50);
    while (!response.destroyed && sent < 1000) {
      await stream.send("x".repeat(1 << 20));
      sent++;
    }
  }, false);
  // What the kernel's buffers hold, and no more.
  expect(sent).toBeLessThan(100);
});

it("waits for a client that reads", async () => {
  const text = await exchange(async (response) => {
    const stream = new EventStream(response, 20_000);
    for (let i = 0; i < 20; i++) await stream.send(i.toString().repeat(1 << 18));
    await stream.end();
  }, true);
  expect(text.match(/data: "/g)).toHaveLength(20);
  expect(text).toContain("data: [DONE]\n\n");
});
