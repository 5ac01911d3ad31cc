import { createReadStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { throwIfAborted } from "@moonlight-rl/core";
import { jsonText } from "./json-text.ts";
import { jobPath } from "./jobs-client.ts";
import type { RayHttp } from "./ray-http.ts";
import { undici } from "./undici.ts";

type Push = (bytes: Uint8Array) => void;

/**
 * Reads `/logs/tail` until the server, the network or the signal ends it; never throws. Bytes are taken as they come, so a
 * slow reader slows the server down.
 *
 * @param idleMs without a frame for so long the connection is taken for dead
 */
export async function readSocket(
  http: RayHttp,
  id: string,
  push: Push,
  { signal, idleMs }: { readonly signal: AbortSignal; readonly idleMs: number },
): Promise<void> {
  if (signal.aborted) return;
  const { WebSocket } = undici();
  const socket = new WebSocket(
    `${http.endpoint.url.replace(/^http/, "ws")}${jobPath(id)}/logs/tail`,
    {
      headers: { ...http.endpoint.headers },
      dispatcher: http.dispatcher,
    },
  );
  await new Promise<void>((done) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      socket.close();
      done();
    };
    const timer = setTimeout(end, idleMs);
    signal.addEventListener("abort", end, { once: true });
    socket.addEventListener("message", ({ data }) => {
      timer.refresh();
      if (!signal.aborted && typeof data === "string") push(Buffer.from(data, "utf8"));
    });
    socket.addEventListener("close", end, { once: true });
    socket.addEventListener("error", end, { once: true });
  });
}

/** Reads `/logs`, the whole log so far, in bounded memory. */
export async function readRest(
  http: RayHttp,
  id: string,
  push: Push,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const text of jsonText(http.stream(`${jobPath(id)}/logs`, signal), "logs")) {
    throwIfAborted(signal);
    push(Buffer.from(text, "utf8"));
  }
}

/** Reads the log file itself, in the form that Ray gives it: CR LF and CR become LF. Bytes that are not UTF-8, at which Ray fails, become U+FFFD. */
export async function readFileAsRay(
  file: string,
  push: Push,
  signal: AbortSignal | undefined,
): Promise<void> {
  const decoder = new StringDecoder("utf8");
  let pending = "";
  for await (const block of createReadStream(file)) {
    throwIfAborted(signal);
    const text = pending + decoder.write(block as Buffer);
    pending = text.endsWith("\r") ? "\r" : "";
    push(Buffer.from(text.slice(0, text.length - pending.length).replace(/\r\n?/g, "\n"), "utf8"));
  }
}
