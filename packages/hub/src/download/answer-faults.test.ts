import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  downloadFixture,
  REFUSED,
  REPO,
  type DownloadFixture,
} from "../testing/download-fixture.ts";
import { FaultyFile, type FileFault } from "../testing/faulty-file.ts";
import { makeRepo, seededBytes } from "../testing/repo-fixture.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(450_007);
const file = new FaultyFile(NAME, CONTENT);

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT, "config.json": "{}\n" });
});
afterEach(() => {
  fixture.server.setFault(undefined);
});
afterAll(() => fixture.close());

const spoil = (fault: FileFault): void => {
  file.spoil(fixture.server, fault);
};

/** A download into a folder of its own that is to end well, whatever the server does. */
async function completes(options: Parameters<DownloadFixture["download"]>[0] = {}) {
  const directory = await fixture.fresh();
  const result = await fixture.download({ directory, ...options });
  expect(await fixture.complete(directory)).toBe(true);
  return result;
}

/** With 0 the general way of asking meets the fault, with 1 the connections of our own, which take over after a right answer. */
const WAYS = [0, 1];

describe("a server that", () => {
  it.each(WAYS)("F5 ignores Range has its file taken whole, from the start (%i)", async (after) => {
    spoil((response, asked) => {
      if (asked.ranged && asked.count <= after) return false;
      const whole = { start: 0, end: CONTENT.length, ranged: false, count: asked.count };
      // The first whole transfer breaks: it must begin again, not be appended to.
      if (!asked.ranged && asked.count < 5) return file.cut(response, whole, 200_000);
      return file.answer(response, whole);
    });
    await completes({ connections: 2 });
  });

  describe.each(WAYS)("F6 (%i)", (after) => {
    it.each([
      ["another start", (s: number, e: number, n: number) => `bytes ${s + 1}-${e - 1}/${n}`],
      ["another end", (s: number, e: number, n: number) => `bytes ${s}-${e - 2}/${n}`],
      ["another size", (s: number, e: number, n: number) => `bytes ${s}-${e - 1}/${n + 1}`],
      ["no numbers", () => "bytes many"],
    ])("sends a Content-Range with %s is refused", async (_, make) => {
      spoil((response, asked) => {
        if (asked.count <= after) return false;
        const range = make(asked.start, asked.end, CONTENT.length);
        return file.answer(response, asked, { "content-range": range });
      });
      expect(await fixture.refusal()).toMatchObject({
        ...REFUSED,
        code: "HUB_BAD_RESPONSE",
        exitCode: 4,
      });
    });
  });

  it("F8 changes its ETag makes us start again", async () => {
    const before = fixture.server.requests.length;
    spoil((response, asked) =>
      file.answer(response, asked, { etag: asked.count > 2 ? '"b"' : '"a"' }),
    );
    await completes({ connections: 1 });
    const tags = fixture.server.requests.slice(before).map((request) => request.ifRange);
    expect(tags).toContain('"a"');
    expect(tags).toContain('"b"');
  });

  it("F8 has another commit at the next try is not mixed with the first", async () => {
    const moving = await downloadFixture({ [NAME]: CONTENT, "config.json": "{}\n" });
    const directory = await moving.fresh();
    file.spoil(moving.server, (response, { count }) => {
      if (count > 2) response.destroy();
      return count > 2;
    });
    await expect(moving.download({ directory, connections: 1 })).rejects.toThrow();
    moving.server.setFault(undefined);
    const other = seededBytes(CONTENT.length, 9);
    await makeRepo(moving.root, "model", REPO.repo, { [NAME]: other });
    const { files, bytes } = await moving.download({ directory });
    expect(bytes.fetched).toBeGreaterThanOrEqual(other.length);
    expect(files[NAME]?.sha256).not.toBe((await fixture.download()).files[NAME]?.sha256);
    await moving.close();
  });

  it.each([429, 500, 502, 503, 504])(
    "F9 F10 answers %i in bursts is waited for",
    async (status) => {
      spoil((response, { count }) => {
        if (count % 3 === 0) return false;
        response.writeHead(status, count % 3 === 1 ? { "retry-after": "0" } : {}).end();
        return true;
      });
      await completes({ connections: 1 });
    },
  );

  it.each([
    [500, {}, "HUB_SERVER_ERROR"],
    [503, { "retry-after": "9999" }, "HUB_SERVER_ERROR"],
    [429, {}, "HUB_RATE_LIMITED"],
    [429, { "retry-after": "9999" }, "HUB_RATE_LIMITED"],
  ])("F9 F10 answers %i %o for ever is a temporary error", async (status, headers, code) => {
    for (const after of WAYS) {
      spoil((response, { count }) => {
        if (count <= after) return false;
        response.writeHead(status, headers).end();
        return true;
      });
      const refusal = await fixture.refusal();
      expect(refusal).toMatchObject({ ...REFUSED, code, exitCode: 75 });
      expect(refusal.hint).not.toBe("");
    }
  });

  it.each([-10, 10])("F13 has a Content-Length that is wrong by %i is refused", async (by) => {
    for (const after of WAYS) {
      spoil((response, asked) => {
        if (asked.count <= after) return false;
        const length = asked.end - asked.start + by;
        file.head(response, asked, { "content-length": length });
        response.end(Buffer.alloc(length));
        return true;
      });
      expect(await fixture.refusal()).toMatchObject({ ...REFUSED, code: "HUB_SIZE_MISMATCH" });
    }
  });

  it.each(["in chunks", "until the connection ends"])(
    "F13 sends bodies without a length, %s, is read to the end and asked for what lacks",
    async (how) => {
      spoil((response, asked) => {
        if (how !== "in chunks") {
          response.useChunkedEncodingByDefault = false;
          response.shouldKeepAlive = false;
        }
        file.head(response, asked);
        const early = asked.count % 2 === 1 && asked.end - asked.start > 50 ? 50 : 0;
        response.end(CONTENT.subarray(asked.start, asked.end - early));
        return true;
      });
      await completes();
    },
  );

  it.each(WAYS)("F14 compresses the body is refused (%i)", async (after) => {
    spoil((response, asked) => {
      if (asked.count <= after) return false;
      file.head(response, asked, { "content-encoding": "gzip" });
      response.end(gzipSync(CONTENT.subarray(asked.start, asked.end)));
      return true;
    });
    expect(await fixture.refusal()).toMatchObject({ ...REFUSED, code: "HUB_BAD_RESPONSE" });
  });
});

describe("a flipped byte", () => {
  const flipped = Buffer.from(CONTENT);
  flipped[123_456] = (flipped[123_456] ?? 0) ^ 1;

  it("F12 in transit is fetched again, with a warning", async () => {
    const warnings: string[] = [];
    spoil((response, asked) =>
      asked.count > 5 ? false : file.answer(response, asked, {}, flipped),
    );
    await completes({ onWarning: (warning) => warnings.push(warning.code) });
    expect(warnings).toEqual(["HUB_DIGEST_MISMATCH"]);
  });

  it("in a file on the disk is found on the next run", async () => {
    const directory = await fixture.fresh();
    await fixture.download({ directory });
    await writeFile(join(directory, NAME), flipped);
    const again = await fixture.download({ directory });
    expect(again.bytes).toMatchObject({ fetched: CONTENT.length, kept: 3 });
    expect(await fixture.complete(directory)).toBe(true);
  });
});
