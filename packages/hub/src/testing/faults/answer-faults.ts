import { gzipSync } from "node:zlib";
import type { FaultCase } from "./fault-case.ts";
import { spoiled } from "./connection-faults.ts";

const BAD = { code: "HUB_BAD_RESPONSE", exitCode: 4 };
const SIZE = { code: "HUB_SIZE_MISMATCH", exitCode: 4 };

const refusing = (
  status: number,
  headers: Readonly<Record<string, string>>,
  code: string,
): FaultCase =>
  spoiled(
    { what: `answers ${status} ${JSON.stringify(headers)} for ever`, code, exitCode: 75 },
    () => (response) => {
      response.writeHead(status, headers).end();
      return true;
    },
  );

/** Answers that are not what was asked for. */
export const ANSWER_FAULTS = {
  F5: [
    spoiled(
      {
        what: "ignores Range, and the whole file never comes to its end",
        code: "HUB_TRANSFER_FAILED",
        exitCode: 75,
      },
      (file) => (response, asked) =>
        file.cut(response, { ...asked, start: 0, end: file.size, ranged: false }, 200_000),
    ),
  ],
  F6: [
    spoiled(
      { what: "sends a Content-Range with another start", ...BAD },
      (file) => (r, asked) =>
        file.answer(r, asked, {
          "content-range": `bytes ${asked.start + 1}-${asked.end - 1}/${file.size}`,
        }),
    ),
    spoiled(
      { what: "sends a Content-Range with another total", ...BAD },
      (file) => (r, asked) =>
        file.answer(r, asked, {
          "content-range": `bytes ${asked.start}-${asked.end - 1}/${file.size + 1}`,
        }),
    ),
  ],
  F7: [
    spoiled({ what: "has no such range", ...BAD }, () => (response) => {
      response.writeHead(416).end();
      return true;
    }),
    spoiled(
      { what: "has no such range of a file that it served before", ...BAD },
      () => (response) => {
        response.writeHead(416).end();
        return true;
      },
      {},
      2,
    ),
  ],
  F8: [
    spoiled(
      { what: "never keeps its ETag", code: "HUB_CONTENT_CHANGED", exitCode: 75 },
      (file) => (response, asked) => file.answer(response, asked, { etag: `"${asked.count}"` }),
    ),
  ],
  F9: [
    refusing(429, {}, "HUB_RATE_LIMITED"),
    refusing(429, { "retry-after": "0" }, "HUB_RATE_LIMITED"),
    refusing(429, { "retry-after": "9999" }, "HUB_RATE_LIMITED"),
  ],
  F10: [500, 502, 503, 504].map((status) => refusing(status, {}, "HUB_SERVER_ERROR")),
  F11: [
    spoiled(
      { what: "calls a part of the file the whole of it", ...SIZE },
      (file) => (response) => {
        response.writeHead(200, { "content-length": 1000 }).end(file.content.subarray(0, 1000));
        return true;
      },
      { rangeBytes: 1_000_000 },
    ),
  ],
  F12: [
    spoiled(
      {
        what: "has a flipped byte in a file of the right size",
        code: "HUB_DIGEST_MISMATCH",
        exitCode: 4,
      },
      (file) => {
        const flipped = Buffer.from(file.content);
        flipped[123_456] = (flipped[123_456] ?? 0) ^ 1;
        return (response, asked) => file.answer(response, asked, {}, flipped);
      },
    ),
  ],
  F13: [
    ...[-10, 10].map((by) =>
      spoiled(
        { what: `has a Content-Length that is wrong by ${by}`, ...SIZE },
        (file) => (r, asked) => {
          const length = asked.end - asked.start + by;
          file.head(r, asked, { "content-length": length });
          r.end(Buffer.alloc(length));
          return true;
        },
      ),
    ),
    spoiled(
      {
        what: "sends in chunks, without a length, and always ends early",
        code: "HUB_TRANSFER_FAILED",
        exitCode: 75,
      },
      (file) => (response, asked) => {
        file.head(response, asked);
        response.end(file.content.subarray(asked.start, asked.start + 10));
        return true;
      },
    ),
  ],
  F14: [
    spoiled({ what: "compresses the body of a range", ...BAD }, (file) => (response, asked) => {
      file.head(response, asked, { "content-encoding": "gzip" });
      response.end(gzipSync(file.content.subarray(asked.start, asked.end)));
      return true;
    }),
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
