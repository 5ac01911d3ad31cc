import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { downloadFixture, REFUSED, type DownloadFixture } from "../testing/download-fixture.ts";
import { FaultyFile } from "../testing/faulty-file.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

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

const ranges = (): (string | undefined)[] => fixture.server.requests.map(({ range }) => range);

describe("a connection that", () => {
  it("F1 drops in the middle of each first answer is gone on with", async () => {
    const directory = await fixture.fresh();
    const seen = new Set<number>();
    file.spoil(fixture.server, (response, asked) => {
      if (seen.has(asked.start) || asked.start % 100_000 !== 0) return false;
      seen.add(asked.start);
      return file.cut(response, asked, 4321);
    });
    const result = await fixture.download({ directory });
    expect(await fixture.complete(directory)).toBe(true);
    expect(ranges()).toContain("bytes=104321-199999");
    expect(result.bytes.fetched).toBe(CONTENT.length + 3);
  });

  it("F2 drops every 200 kB for ever still brings the file", async () => {
    const directory = await fixture.fresh();
    file.spoil(fixture.server, (response, asked) =>
      asked.end - asked.start > 200_000 ? file.cut(response, asked, 200_000) : false,
    );
    await fixture.download({ directory, rangeBytes: 1_000_000, retry: { retries: 1 } });
    expect(await fixture.complete(directory)).toBe(true);
  });

  it("F2 drops after a few bytes for ever is given up", async () => {
    let asks = 0;
    file.spoil(fixture.server, (response, asked) => {
      asks = asked.count;
      return file.cut(response, asked, 10);
    });
    const refusal = await fixture.refusal({ connections: 1 });
    expect(refusal).toMatchObject({ ...REFUSED, code: "HUB_TRANSFER_FAILED", exitCode: 75 });
    expect(asks).toBe(4);
  });

  it("F3 falls silent in the middle of a body is left", async () => {
    const directory = await fixture.fresh();
    // The first request goes the general way, the others over connections of our own.
    file.spoil(fixture.server, (response, asked) =>
      asked.count % 2 === 1 ? file.hang(response, asked, 1000) : false,
    );
    await fixture.download({ directory, timeouts: { stallMs: 100 } });
    expect(await fixture.complete(directory)).toBe(true);
  });
});
