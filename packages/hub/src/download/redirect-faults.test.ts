import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { downloadFixture, REFUSED, type DownloadFixture } from "../testing/download-fixture.ts";
import { startFaultServer, type FaultServer } from "../testing/fault-server.ts";
import { FaultyFile } from "../testing/faulty-file.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(450_007);
const file = new FaultyFile(NAME, CONTENT);

let fixture: DownloadFixture;
let storage: FaultServer;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT, "config.json": "{}\n" });
  storage = await startFaultServer({ root: fixture.root });
});
afterEach(() => {
  fixture.server.setFault(undefined);
  storage.setFault(undefined);
});
afterAll(async () => {
  await storage.close();
  await fixture.close();
});

/** The Hub sends whoever asks for a file to a storage of another origin. */
function redirectToStorage(): void {
  fixture.server.setFault((request, response) => {
    if (request.url?.includes("/resolve/") !== true) return false;
    response.writeHead(302, { location: `${storage.url}${request.url}?signature=x` }).end();
    return true;
  });
}

describe("a redirect", () => {
  it("F15 F16 to another host gets no token, and is renewed when it expires", async () => {
    const directory = await fixture.fresh();
    redirectToStorage();
    let refusals = 0;
    storage.setFault((request, response) => {
      // Twice, since the fast way of asking leaves a refusal to the general one.
      if (refusals === 2 || request.headers.range?.startsWith("bytes=2") !== true) return false;
      refusals++;
      response.writeHead(403).end("<Error>Request has expired</Error>");
      return true;
    });
    const before = fixture.server.requests.length;
    await fixture.download({ directory, token: "hf_secret", connections: 1 });
    expect(await fixture.complete(directory)).toBe(true);
    const requests = fixture.server.requests.slice(before);
    expect(new Set(requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer hf_secret"]),
    );
    expect(storage.requests.length).toBeGreaterThan(5);
    expect(storage.requests.every(({ authorization }) => authorization === undefined)).toBe(true);
    // One for each file and one for the renewal: ranges go to the storage at once.
    expect(requests.filter(({ path }) => path.includes("/resolve/"))).toHaveLength(3);
  });

  it.each([400, 403, 404, 410])(
    "F15 to an address that is always refused with %i is given up",
    async (status) => {
      redirectToStorage();
      file.spoil(storage, (response) => {
        response.writeHead(status).end();
        return true;
      });
      expect(await fixture.refusal()).toMatchObject({
        ...REFUSED,
        code: "HUB_TRANSFER_FAILED",
        exitCode: 75,
      });
    },
  );

  it.each([
    ["in a circle", "#"],
    ["to no address", "http://["],
    ["to a file of this machine", "file:///etc/passwd"],
  ])("%s ends", async (_, location) => {
    file.spoil(fixture.server, (response) => {
      response.writeHead(302, { location }).end();
      return true;
    });
    expect(await fixture.refusal()).toMatchObject({ ...REFUSED, code: "HUB_BAD_RESPONSE" });
  });
});
