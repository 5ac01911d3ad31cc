import { mkdir, readdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { startFaultServer, type FaultServer } from "../fault-server.ts";
import { REPO, type DownloadFixture, type Refusal } from "../download-fixture.ts";
import { startTunnelProxy, type ProxyManner } from "./tunnel-proxy.ts";
import { weightsOf } from "./connection-faults.ts";
import { alsoKept, type FaultCase } from "./fault-case.ts";

const OID = "0".repeat(40);
const NOT_FOUND = { code: "HUB_NOT_FOUND", exitCode: 2 };
const SECRET = "hf_secret";

/** The Hub sends whoever asks for a file to a storage of another origin, as with large files it does. */
async function withStorage(
  fixture: DownloadFixture,
  body: (storage: FaultServer) => Promise<Refusal>,
): Promise<Refusal> {
  const storage = await startFaultServer({ root: fixture.root });
  try {
    const { server } = fixture;
    server.setFault((request, response) => {
      if (request.url?.includes("/resolve/") !== true) return false;
      response.writeHead(302, { location: `${storage.url}${request.url}?signature=x` }).end();
      return true;
    });
    return await body(storage);
  } finally {
    await storage.close();
  }
}

function expiring(about: { what: string; after: number }): FaultCase {
  return {
    what: about.what,
    code: "HUB_TRANSFER_FAILED",
    exitCode: 75,
    meet: (fixture) =>
      withStorage(fixture, async (storage) => {
        weightsOf(fixture).spoil(storage, (response, { count }) => {
          if (count <= about.after) return false;
          response.writeHead(403).end("<Error>Request has expired</Error>");
          return true;
        });
        const refusal = await fixture.refusal({ token: SECRET });
        const tokens = storage.requests.filter(({ authorization }) => authorization !== undefined);
        return alsoKept(refusal, {
          "the storage gets no token": storage.requests.length > 0 && tokens.length === 0,
          "nobody is told of token or signature": !/hf_secret|signature/.test(
            refusal.message + refusal.hint,
          ),
        });
      }),
  };
}

/** A refusal that asking again does not change. */
function refused(
  status: number,
  error: string | undefined,
  code: string,
  exitCode: number,
): FaultCase {
  return {
    what: `refuses a file with ${status} ${error ?? ""}`,
    code,
    exitCode,
    async meet(fixture) {
      let asks = 0;
      weightsOf(fixture).spoil(fixture.server, (response, { count }) => {
        asks = count;
        response.writeHead(status, error === undefined ? {} : { "x-error-code": error }).end();
        return true;
      });
      return alsoKept(await fixture.refusal({ connections: 1 }), {
        "it is asked once": asks === 1,
      });
    },
  };
}

/** Answers every request for the list of files so. */
function listing(
  about: Omit<FaultCase, "meet">,
  answer: Parameters<FaultServer["setFault"]>[0] & object,
): FaultCase {
  return {
    ...about,
    async meet(fixture) {
      fixture.server.setFault((request, response) =>
        request.url?.includes("/tree/") === true ? answer(request, response) : false,
      );
      const directory = await fixture.fresh();
      const refusal = await fixture.refusal({ directory });
      const around = await readdir(dirname(directory));
      return alsoKept(refusal, { "nothing is written beside the folder": around.length === 1 });
    },
  };
}

/** A first page, and what becomes of the second one. */
const pages = (about: Omit<FaultCase, "meet">, second: (response: Response) => void): FaultCase =>
  listing(about, (request, response) => {
    if (request.url?.includes("cursor") === true) second(response);
    else {
      response.writeHead(200, { link: '<?cursor=a>; rel="next"' });
      response.end(JSON.stringify([{ type: "file", path: "a", size: 1, oid: OID }]));
    }
    return true;
  });
type Response = Parameters<NonNullable<Parameters<FaultServer["setFault"]>[0]>>[1];

function proxied(what: string, manner: ProxyManner, code: string, exitCode: number): FaultCase {
  return {
    what,
    code,
    exitCode,
    async meet(fixture) {
      const proxy = await startTunnelProxy(fixture.server.url);
      try {
        proxy.setManner(manner);
        const refusal = await fixture.refusal(
          { endpoint: "http://hub.example", environment: { HTTP_PROXY: proxy.url } },
          {
            mend: () => {
              proxy.setManner("carries");
            },
          },
        );
        const asked = new Set(proxy.asked);
        return alsoKept(refusal, {
          "everything goes through the proxy": asked.size === 1 && asked.has("hub.example:80"),
        });
      } finally {
        await proxy.close();
      }
    },
  };
}

/** Faults of what the Hub says and where it sends us. */
export const HUB_FAULTS = {
  F15: [
    expiring({ what: "sends us to an address that is refused midway, and to no other", after: 2 }),
    expiring({ what: "sends us to an address that has expired", after: 0 }),
  ],
  F16: [expiring({ what: "sends us to another host, which must not see the token", after: 1 })],
  F17: [
    refused(403, "GatedRepo", "HUB_GATED", 3),
    refused(401, undefined, "HUB_UNAUTHORIZED", 3),
    refused(403, undefined, "HUB_UNAUTHORIZED", 3),
    refused(404, "EntryNotFound", "HUB_NOT_FOUND", 2),
  ],
  F27: [
    ...["../up", "/etc/up", "a/../../up", "nul\0"].map((path) =>
      listing(
        { what: `lists the file ${JSON.stringify(path)}`, code: "HUB_UNSAFE_PATH", exitCode: 4 },
        (_, response) => {
          response.end(JSON.stringify([{ type: "file", path, size: 1, oid: OID }]));
          return true;
        },
      ),
    ),
    {
      what: "has a folder where a link leads out of ours",
      code: "HUB_UNSAFE_PATH",
      exitCode: 4,
      async meet(fixture) {
        const [directory, outside] = [await fixture.fresh(), await fixture.fresh()];
        await mkdir(outside, { recursive: true });
        await mkdir(directory, { recursive: true });
        await symlink(outside, join(directory, "sub"));
        const refusal = await fixture.refusal(
          { directory },
          { mend: () => rm(join(directory, "sub")) },
        );
        const there = await readdir(outside);
        return alsoKept(refusal, { "nothing is written through the link": there.length === 0 });
      },
    },
  ],
  F28: [
    refused(404, undefined, "HUB_NOT_FOUND", 2),
    pages({ what: "loses the commit while its pages are read", ...NOT_FOUND }, (response) => {
      response.writeHead(404, { "x-error-code": "RevisionNotFound" }).end();
    }),
  ],
  F29: [
    pages(
      { what: "drops the second page of the list", code: "HUB_TRANSFER_FAILED", exitCode: 75 },
      (response) => response.destroy(),
    ),
    pages(
      { what: "has no second page of the list for now", code: "HUB_SERVER_ERROR", exitCode: 75 },
      (response) => response.writeHead(503).end(),
    ),
    pages(
      { what: "cuts the second page of the list", code: "HUB_BAD_RESPONSE", exitCode: 4 },
      (response) => response.end('[{"type":"file","path":"b","si'),
    ),
  ],
  F31: [
    proxied("is behind a proxy that refuses", "refuses", "HUB_UNREACHABLE", 75),
    proxied("is behind a proxy that cuts", { cutsAfter: 50_000 }, "HUB_TRANSFER_FAILED", 75),
    proxied("is behind a proxy that changes bytes", "alters", "HUB_DIGEST_MISMATCH", 4),
  ],
  F32: [
    {
      what: "must not be asked, and a part is here",
      code: "HUB_OFFLINE",
      exitCode: 3,
      async meet(fixture) {
        const directory = await fixture.fresh();
        const { commit } = await fixture.client().resolveRevision(REPO);
        weightsOf(fixture).spoil(fixture.server, (response, { count }) => {
          if (count > 2) response.destroy();
          return count > 2;
        });
        await fixture.download({ directory }).catch(() => undefined);
        const before = fixture.server.requests.length;
        let during = 0;
        const refusal = await fixture.refusal(
          { directory, offline: true, commit },
          {
            mend: () => {
              during = fixture.server.requests.length - before;
            },
            options: { offline: false },
          },
        );
        return alsoKept(refusal, { "nobody is asked": during === 0 });
      },
    },
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
