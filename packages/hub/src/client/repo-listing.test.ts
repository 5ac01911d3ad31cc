import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { REPO } from "../testing/download-fixture.ts";
import { startFaultServer, type FaultServer } from "../testing/fault-server.ts";
import { listAs, listFiles } from "../testing/faults/listing.ts";
import { quickClient } from "../testing/quick-client.ts";
import { makeRepo } from "../testing/repo-fixture.ts";
import type { HubClient } from "./hub-client.ts";

const OID = "0".repeat(40);

let root: string;
let server: FaultServer;
const clients: HubClient[] = [];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "hub-listing-"));
  await makeRepo(root, "model", REPO.repo, { "config.json": "{}\n", "README.md": "# read me" });
});
beforeEach(async () => {
  server = await startFaultServer({ root });
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await server.close();
});
afterAll(() => rm(root, { recursive: true }));

function client(): HubClient {
  const made = quickClient(server.url);
  clients.push(made);
  return made;
}

describe("listFiles", () => {
  it("F29 reads all pages, through a page that fails once", async () => {
    let failed = false;
    server.setFault((request, response) => {
      const url = new URL(request.url ?? "/", server.url);
      if (!url.pathname.includes("/tree/") || url.searchParams.has("limit")) return false;
      if (url.searchParams.has("cursor") && !failed) {
        failed = true;
        response.destroy();
        return true;
      }
      // A hub with small pages, whose links carry its public name as mirrors' do.
      const page = url.searchParams.get("cursor") === null ? ["a", "b"] : ["c"];
      const link = `<https://huggingface.co${url.pathname}?cursor=x>; rel="next"`;
      response.writeHead(200, page.length > 1 ? { link } : {});
      response.end(JSON.stringify(page.map((path) => ({ type: "file", path, size: 1, oid: OID }))));
      return true;
    });
    expect((await listFiles(client())).map((file) => file.path)).toEqual(["a", "b", "c"]);
    expect(failed).toBe(true);
  });

  it.each([
    "../up",
    "a/../../up",
    "/etc/passwd",
    "C:/windows",
    "a\\b",
    "a//b",
    "a/./b",
    "",
    "nul\0",
    "x".repeat(300),
  ])("F27 refuses the name %j", async (path) => {
    listAs(server, [{ type: "file", path, size: 1, oid: OID }]);
    await expect(listFiles(client())).rejects.toMatchObject({
      code: "HUB_UNSAFE_PATH",
      exitCode: 4,
    });
  });

  it.each([
    ["no list", {}],
    ["a negative size", [{ type: "file", path: "a", size: -1, oid: OID }]],
    ["a digest of another form", [{ type: "file", path: "a", size: 1, oid: "abc" }]],
    ["a name twice", ["a", "a"].map((path) => ({ type: "file", path, size: 1, oid: OID }))],
  ])("refuses %s", async (_, entries) => {
    listAs(server, entries);
    await expect(listFiles(client())).rejects.toMatchObject({ code: "HUB_BAD_RESPONSE" });
  });

  it("F29 gives up a page that always fails, and lists all when it does not", async () => {
    server.setFault((request, response) => {
      if (request.url?.includes("cursor") !== true) {
        if (request.url?.includes("/tree/") !== true) return false;
        const link = '<?cursor=a>; rel="next"';
        response.writeHead(200, { link });
        response.end(JSON.stringify([{ type: "file", path: "a", size: 1, oid: OID }]));
      } else response.destroy();
      return true;
    });
    await expect(listFiles(client())).rejects.toMatchObject({
      code: "HUB_TRANSFER_FAILED",
      exitCode: 75,
    });
    server.setFault(undefined);
    expect(await listFiles(client())).toHaveLength(2);
  });

  it("refuses pages in a circle", async () => {
    listAs(server, [], { link: '<?cursor=a>; rel="next"' });
    await expect(listFiles(client())).rejects.toMatchObject({ code: "HUB_BAD_RESPONSE" });
  });
});
