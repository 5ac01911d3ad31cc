import { createServer } from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import { Transform } from "node:stream";

/** What a proxy does with the connections that it is asked for. */
export type ProxyManner =
  | "carries"
  | "refuses"
  /** Carries that many bytes of answers, then cuts the connection. */
  | { readonly cutsAfter: number }
  /** Changes a byte of every body that it carries. */
  | "alters";

export interface TunnelProxy {
  readonly url: string;
  /** Where it was asked to go, oldest first. */
  readonly asked: readonly string[];
  setManner(manner: ProxyManner): void;
  close(): Promise<void>;
}

/** An HTTP proxy on loopback that brings every CONNECT to `target`, whatever host was named. */
export async function startTunnelProxy(target: string): Promise<TunnelProxy> {
  const { hostname, port } = new URL(target);
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let manner: ProxyManner = "carries";
  const proxy = createServer().on("connect", (request, client) => {
    const socket = client as Socket;
    asked.push(request.url ?? "");
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    if (manner === "refuses") {
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const onward = connect(Number(port), hostname, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      onward.pipe(spoilt(manner, socket)).pipe(socket);
      socket.pipe(onward);
    });
    sockets.add(onward);
    onward.on("error", () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    asked,
    setManner(next) {
      // Whoever is connected meets it too.
      for (const socket of sockets) socket.destroy();
      manner = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.closeAllConnections();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function spoilt(manner: ProxyManner, socket: Socket): Transform {
  let carried = 0;
  return new Transform({
    transform(bytes: Buffer, _, done) {
      carried += bytes.length;
      if (typeof manner === "object" && carried > manner.cutsAfter) {
        socket.destroy();
        done();
        return;
      }
      // Heads of answers are shorter than this, so it is a byte of a body.
      if (manner === "alters" && bytes.length > 20_000) bytes[10_000] = (bytes[10_000] ?? 0) ^ 1;
      done(null, bytes);
    },
  });
}
