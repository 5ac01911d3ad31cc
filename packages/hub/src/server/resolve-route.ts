import { createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { parseRange } from "../protocol/byte-range.ts";
import { sendError } from "./reply.ts";
import type { ServedRepo } from "./served-repo.ts";

/** GET and HEAD of `/{repo}/resolve/{revision}/{path}`: the file's bytes, whole or one range. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  repo: ServedRepo,
  path: string,
): Promise<void> {
  response.setHeader("x-repo-commit", repo.commit);
  const file = repo.files.get(path);
  if (file === undefined) {
    sendError(response, 404, "Entry not found", "EntryNotFound");
    return;
  }
  const etag = `"${file.lfs?.oid ?? file.oid}"`;
  response.setHeader("etag", etag);
  response.setHeader("accept-ranges", "bytes");
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("content-type", "application/octet-stream");
  if (file.lfs !== undefined) {
    response.setHeader("x-linked-etag", etag);
    response.setHeader("x-linked-size", file.size);
  }
  if (request.headers["if-none-match"] === etag) {
    response.writeHead(304).end();
    return;
  }
  const condition = request.headers["if-range"];
  const range =
    condition === undefined || condition === etag
      ? parseRange(request.headers.range, file.size)
      : undefined;
  if (range === "unsatisfiable") {
    response.setHeader("content-range", `bytes */${file.size}`);
    sendError(response, 416, "Range not satisfiable");
    return;
  }
  const { start, end } = range ?? { start: 0, end: file.size };
  response.setHeader("content-length", end - start);
  if (range !== undefined)
    response.setHeader("content-range", `bytes ${start}-${end - 1}/${file.size}`);
  response.writeHead(range === undefined ? 200 : 206);
  if (request.method === "HEAD" || end === start) {
    response.end();
    return;
  }
  await pipeline(
    createReadStream(file.absolute, { start, end: end - 1, highWaterMark: 1 << 18 }),
    response,
  );
}
