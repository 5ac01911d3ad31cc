import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { attemptsOf, refusalOfChild, startChild } from "../testing/faults/child-download.ts";
import { downloadFixture, REFUSED, type DownloadFixture } from "../testing/download-fixture.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(3_000_000);
const MANY = Object.fromEntries(
  Array.from({ length: 300 }, (_, i) => [`many/${i}.json`, `${i}\n`]),
);

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT, ...MANY });
});
afterEach(() => {
  fixture.server.setFault(undefined);
});
afterAll(() => fixture.close());

/** Few of the many files, where their number does not matter. */
const FEW = { allow: [NAME, "many/7*"] };

describe("F21 handles", () => {
  const prelude = "ulimit -n 150";

  it("300 files need no more than a few", async () => {
    const directory = await fixture.fresh();
    const attempts = await attemptsOf(startChild(fixture, { directory, prelude }));
    expect(attempts).toMatchObject([{ partial: false }]);
    expect(attempts[0]?.error).toBeUndefined();
    expect(await fixture.complete(directory)).toBe(true);
  });

  it.each([1, 4, 9])("with %i left it fails with a code, and goes on later", async (handles) => {
    const directory = await fixture.fresh();
    const refusal = await refusalOfChild(fixture, { directory, prelude, handles, mend: "true" });
    expect(refusal).toMatchObject({
      ...REFUSED,
      code: expect.stringMatching(/^(?:DISK_FAILED|HUB_UNREACHABLE|HUB_TRANSFER_FAILED)$/),
      hint: expect.stringMatching(/./),
    });
  });
});

describe("time", () => {
  it("is bounded by totalMs, and the next run goes on", async () => {
    const directory = await fixture.fresh();
    fixture.server.setFault((request, response) => {
      if (request.headers.range?.includes("-2") !== true) return false;
      response.writeHead(503, { "retry-after": "1" }).end();
      return true;
    });
    await expect(
      fixture.download({ directory, selection: FEW, totalMs: 400 }),
    ).rejects.toMatchObject({
      code: "HUB_TOO_SLOW",
      exitCode: 75,
    });
    fixture.server.setFault(undefined);
    const { bytes } = await fixture.download({ directory, selection: FEW });
    expect(bytes.fetched).toBeLessThan(bytes.total);
    expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  });
});

describe("the repository", () => {
  it("F28 loses a file between listing and fetching: named, and the rest stays", async () => {
    const directory = await fixture.fresh();
    fixture.server.setFault((request, response) => {
      if (request.url?.endsWith("many/77.json") !== true) return false;
      response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
      return true;
    });
    await expect(
      fixture.download({ directory, selection: FEW, connections: 1 }),
    ).rejects.toMatchObject({
      code: "HUB_NOT_FOUND",
      message: expect.stringContaining("many/77.json"),
    });
    fixture.server.setFault(undefined);
    const { bytes } = await fixture.download({ directory, selection: FEW });
    expect(bytes.kept).toBeGreaterThan(0);
    expect(await readFile(join(directory, "many/77.json"), "utf8")).toBe("77\n");
  });
});
