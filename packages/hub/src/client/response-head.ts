import type { Headers } from "./hub-error.ts";

export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
  /** Bytes that the head takes, its blank line included. */
  readonly length: number;
  readonly keepAlive: boolean;
}

/**
 * The head of an HTTP/1.1 response; undefined = not all there yet. Strict: folded lines, other versions, repeated lengths and
 * bare line feeds are "malformed", and the caller then leaves the answer to a client that is made for them.
 */
export function parseResponseHead(bytes: Uint8Array): ResponseHead | "malformed" | undefined {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const end = text.indexOf("\r\n\r\n");
  if (end === -1) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: [\t\x20-\x7e\x80-\xff]*)?$/.exec(first);
  if (status === null) return "malformed";
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const field = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[\t ]*([\t\x20-\x7e\x80-\xff]*?)[\t ]*$/.exec(
      line,
    );
    if (field === null) return "malformed";
    const [, name = "", value = ""] = field;
    const key = name.toLowerCase();
    if (key in headers && key === "content-length") return "malformed";
    headers[key] = key in headers ? `${headers[key]}, ${value}` : value;
  }
  return {
    status: Number(status[1]),
    headers,
    length: end + 4,
    keepAlive: !/\bclose\b/i.test(headers["connection"] ?? ""),
  };
}
