import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { downloadFixture, type DownloadFixture } from "../testing/download-fixture.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

/** Large enough for hashing threads, blocks and the fast way. */
const CONTENT = Buffer.from(seededBytes((20 << 20) + 12_345));
const NAME = "model.safetensors";
const SETTINGS = { rangeBytes: 3 << 20, connections: 6 };

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT });
});
afterAll(() => fixture.close());

describe("a large file", () => {
  it("comes in ranges at once, each asked for once", async () => {
    const before = fixture.server.requests.length;
    const { bytes } = await fixture.download(SETTINGS);
    expect(bytes).toEqual({
      total: CONTENT.length,
      fetched: CONTENT.length,
      kept: 0,
      reread: 0,
    });
    expect(await fixture.complete()).toBe(true);
    const ranges = fixture.server.requests
      .slice(before)
      .flatMap(({ path, range }) => (path.includes("/resolve/") ? [range] : []));
    expect(new Set(ranges).size).toBe(ranges.length);
    // Seven, and the short one that shows the way.
    expect(ranges).toHaveLength(8);
  });

  it("that is there is verified, not fetched", async () => {
    const { bytes } = await fixture.download(SETTINGS);
    expect(bytes).toMatchObject({ fetched: 0, kept: CONTENT.length, reread: CONTENT.length });
  });

  it("F12 of the right size and with a flipped byte is fetched again", async () => {
    const bad = Buffer.from(CONTENT);
    bad[19 << 20] = (bad[19 << 20] ?? 0) ^ 1;
    await writeFile(join(fixture.folder, NAME), bad);
    const { bytes } = await fixture.download(SETTINGS);
    expect(bytes.fetched).toBe(CONTENT.length);
    expect(await fixture.complete()).toBe(true);
  });

  it("F1 whose connections drop goes on where they dropped", async () => {
    const directory = await fixture.fresh();
    let count = 0;
    fixture.server.setFault((request, response) => {
      const [, start = "", end = ""] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
      if (start === "" || ++count % 2 === 0) return false;
      const [from, to] = [Number(start), Number(end) + 1];
      response.writeHead(206, {
        "content-range": `bytes ${from}-${to - 1}/${CONTENT.length}`,
        "content-length": to - from,
      });
      const middle = from + ((to - from) >> 1);
      response.write(CONTENT.subarray(from, middle), () => response.destroy());
      return true;
    });
    const { bytes } = await fixture.download({ ...SETTINGS, directory });
    fixture.server.setFault(undefined);
    expect(await fixture.complete(directory)).toBe(true);
    // What a dropped connection has brought counts; bytes that were on their way do not.
    expect(bytes.fetched).toBe(CONTENT.length);
  });
});

describe("a seed", () => {
  const seedFile = async (bytes: Uint8Array): Promise<{ path: string; bytes: number }> => {
    const path = join(await fixture.fresh(), "seed");
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return { path, bytes: bytes.length };
  };

  it.each([CONTENT.length, 7_654_321])("of %i bytes is not fetched", async (length) => {
    const directory = await fixture.fresh();
    const seed = await seedFile(CONTENT.subarray(0, length));
    const { bytes } = await fixture.download({ ...SETTINGS, directory, seed: async () => seed });
    expect(await fixture.complete(directory)).toBe(true);
    expect(bytes).toMatchObject({
      fetched: CONTENT.length - length,
      kept: length,
      reread: length,
    });
    expect((await stat(seed.path)).size).toBe(length);
  });

  it("with wrong bytes is dropped with a warning", async () => {
    const directory = await fixture.fresh();
    const seed = await seedFile(Buffer.alloc(9_000_000, 1));
    const warnings: string[] = [];
    await fixture.download({
      ...SETTINGS,
      directory,
      seed: async () => seed,
      onWarning: ({ code }) => warnings.push(code),
    });
    expect(warnings).toEqual(["HUB_DIGEST_MISMATCH"]);
    expect(await fixture.complete(directory)).toBe(true);
  });
});

describe("a contiguous file", () => {
  it("is a prefix of the content at every instant, and is gone on with", async () => {
    const directory = await fixture.fresh();
    const path = `${directory}.incomplete`;
    const contiguous = (): string => path;
    const stop = new AbortController();
    let seen = 0;
    const check = async (): Promise<void> => {
      const now = await readFile(path).catch(() => Buffer.alloc(0));
      expect(now.equals(CONTENT.subarray(0, now.length))).toBe(true);
      seen = Math.max(seen, now.length);
    };
    const checks: Promise<void>[] = [];
    const first = fixture.download({
      ...SETTINGS,
      directory,
      contiguous,
      signal: stop.signal,
      onProgress: ({ done }) => {
        checks.push(check());
        if (done > 12 << 20) stop.abort();
      },
    });
    await expect(first).rejects.toMatchObject({ code: "INTERRUPTED" });
    await Promise.all(checks);
    await check();
    expect(seen).toBeGreaterThan(0);
    const { bytes } = await fixture.download({ ...SETTINGS, directory, contiguous });
    expect(await fixture.complete(directory)).toBe(true);
    expect(bytes.fetched).toBeLessThan(CONTENT.length);
  });
});
