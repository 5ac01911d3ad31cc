import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { DEFAULT_TIMEOUTS } from "../client/connection.ts";
import { HubHttp } from "../client/hub-http.ts";
import { DEFAULT_RETRY } from "../client/retry.ts";
import { downloadFixture, REPO, type DownloadFixture } from "../testing/download-fixture.ts";
import { listFiles } from "../testing/faults/listing.ts";
import { seededBytes } from "../testing/repo-fixture.ts";
import { BlockPool } from "./block-pool.ts";
import { DiskThreads } from "./disk-threads.ts";
import type { Transfer } from "./file-download.ts";
import { Lanes } from "./lanes.ts";
import { downloadListing } from "./repo-download.ts";

const NAME = "model.safetensors";
const CONTENT = seededBytes(2_000_000);
const RANGE = 100_000;
const WINDOW = 300_000;

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({ [NAME]: CONTENT });
});
afterAll(() => fixture.close());

it("no range begins further ahead of the first gap than the window is wide", async () => {
  const blocks = new BlockPool(64);
  const transfer: Transfer = {
    http: new HubHttp({
      endpoint: new URL(fixture.server.url),
      token: undefined,
      timeouts: DEFAULT_TIMEOUTS,
      retry: DEFAULT_RETRY,
      userAgent: "test",
      environment: {},
    }),
    lanes: new Lanes(8),
    blocks,
    threads: new DiskThreads(blocks.memory),
    rangeBytes: RANGE,
    windowBytes: WINDOW,
  };
  const listing = await listFiles(fixture.client());
  const { commit } = await fixture.client().resolveRevision(REPO);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const starts: number[] = [];
  fixture.server.setFault(async (request) => {
    const start = Number(/bytes=(\d+)/.exec(request.headers.range ?? "")?.[1] ?? -1);
    starts.push(start);
    // The second range is the gap.
    if (start === RANGE) await held;
    return false;
  });
  const directory = await fixture.fresh();
  const download = downloadListing(transfer, listing, { ...REPO, commit, directory });
  await vi.waitFor(() => {
    expect(Math.max(...starts)).toBe(WINDOW);
  });
  await sleep(300);
  expect(Math.max(...starts)).toBeLessThan(RANGE + WINDOW);
  release();
  await download;
  expect(Math.max(...starts)).toBe(CONTENT.length - RANGE);
  expect((await readFile(join(directory, NAME))).equals(CONTENT)).toBe(true);
  await Promise.all([transfer.http.close(), transfer.threads.close()]);
});
