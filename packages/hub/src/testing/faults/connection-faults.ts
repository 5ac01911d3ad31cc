import type { HubClientOptions } from "../../client/hub-client.ts";
import type { DownloadOptions } from "../../download/repo-download.ts";
import type { DownloadFixture } from "../download-fixture.ts";
import { startFaultServer } from "../fault-server.ts";
import { FaultyFile, type FileFault } from "../faulty-file.ts";
import type { FaultCase } from "./fault-case.ts";

/** The file of a fixture that faults are about. */
export const WEIGHTS = "model.safetensors";

/** The weights as the fixture's server has them. */
export function weightsOf({ files }: DownloadFixture): FaultyFile {
  return new FaultyFile(WEIGHTS, Buffer.from(files[WEIGHTS] ?? ""));
}

/** A case in which answers for the weights are spoiled; the first `after` ones are right. */
export function spoiled(
  about: Omit<FaultCase, "meet">,
  fault: (file: FaultyFile) => FileFault,
  options: Partial<HubClientOptions> & Partial<DownloadOptions> = {},
  after = 0,
): FaultCase {
  return {
    ...about,
    async meet(fixture) {
      const file = weightsOf(fixture);
      const spoil = fault(file);
      file.spoil(fixture.server, (response, asked) =>
        asked.count <= after ? false : spoil(response, asked),
      );
      return await fixture.refusal(options);
    },
  };
}

/** The general way of asking meets the fault with 0, the connections of our own, which take over after a right answer, with 1. */
const WAYS = [0, 1];
const TEMPORARY = { code: "HUB_TRANSFER_FAILED", exitCode: 75 };
const UNREACHABLE = { code: "HUB_UNREACHABLE", exitCode: 75 };

/** Another address than the fixture's first, and that one afterwards. */
function elsewhere(
  what: string,
  endpoint: (fixture: DownloadFixture) => Promise<string>,
): FaultCase {
  return {
    what,
    ...UNREACHABLE,
    meet: async (fixture) =>
      await fixture.refusal(
        { endpoint: await endpoint(fixture) },
        { options: { endpoint: fixture.server.url } },
      ),
  };
}

/** Faults below HTTP. */
export const CONNECTION_FAULTS = {
  F1: WAYS.map((after) =>
    spoiled(
      { what: `drops in the middle of a body (${after})`, ...TEMPORARY },
      (file) => (response, asked) => file.cut(response, asked, (asked.end - asked.start) >> 1),
      { retry: { retries: 0 } },
      after,
    ),
  ),
  F2: [
    spoiled(
      { what: "drops every 10 bytes for ever", ...TEMPORARY },
      (file) => (response, asked) => file.cut(response, asked, 10),
    ),
  ],
  F3: [
    ...WAYS.map((after) =>
      spoiled(
        { what: `falls silent within a body (${after})`, ...TEMPORARY },
        (file) => (response, asked) => file.hang(response, asked, 1000),
        { timeouts: { stallMs: 60 } },
        after,
      ),
    ),
    ...WAYS.map((after) =>
      spoiled(
        {
          what: `takes the question and says nothing (${after})`,
          ...(after === 0 ? UNREACHABLE : TEMPORARY),
        },
        () => () => true,
        { timeouts: { headersMs: 60 } },
        after,
      ),
    ),
  ],
  F4: WAYS.map((after) =>
    spoiled(
      { what: `trickles (${after})`, ...TEMPORARY },
      (file) => (response, asked) => file.trickle(response, asked),
      { timeouts: { trickleMs: 50, minBytesPerSecond: 10_000 } },
      after,
    ),
  ),
  F18: [
    elsewhere("has no name that is known", async () => "http://hub.invalid"),
    elsewhere("takes no connection", async ({ root }) => {
      const gone = await startFaultServer({ root });
      await gone.close();
      return gone.url;
    }),
    elsewhere("speaks no TLS", async ({ server }) => server.url.replace("http:", "https:")),
    spoiled(
      { what: "is gone from some moment on", ...TEMPORARY },
      () => (response) => {
        response.destroy();
        return true;
      },
      {},
      2,
    ),
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
