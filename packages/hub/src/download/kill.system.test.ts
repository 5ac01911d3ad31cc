import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { downloadFixture, REPO, type DownloadFixture } from "../testing/download-fixture.ts";
import { seededBytes } from "../testing/repo-fixture.ts";

const SIZE = 12_000_000;
const RANGE = 250_000;
const CONNECTIONS = 4;
/** All of them with MOONLIGHT_DEEP=1, as `npm run check:deep` does. */
const KILLS = process.env["MOONLIGHT_DEEP"] === "1" ? 200 : 10;

let fixture: DownloadFixture;
beforeAll(async () => {
  fixture = await downloadFixture({
    "a.safetensors": seededBytes(SIZE, 1),
    "b.safetensors": seededBytes(SIZE, 2),
  });
});
afterAll(() => fixture.close());

function start(directory: string): ChildProcess {
  const script = `
    import { quickClient } from ${JSON.stringify(new URL("../../dist/testing/index.js", import.meta.url).href)};
    const client = quickClient(${JSON.stringify(fixture.server.url)}, { connections: ${CONNECTIONS}, rangeBytes: ${RANGE} });
    const { commit } = await client.resolveRevision(${JSON.stringify(REPO)});
    process.send("started");
    await client.downloadRepo({ ...${JSON.stringify(REPO)}, commit, directory: ${JSON.stringify(directory)} });
    await client.close();
    process.disconnect();`;
  return spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
}

it(
  `F22 ${KILLS} kills at random moments: nothing but ranges in flight is asked for again`,
  { timeout: 60_000 + KILLS * 10_000 },
  async () => {
    // Slow enough that kills fall into the transfer, at a seeded pace.
    fixture.server.setFault(async (request) => {
      if (request.headers.range !== undefined) await sleep(4);
      return false;
    });
    let state = 7;
    const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    let directory = await fixture.fresh();
    let kills = 0;
    let complete = 0;
    let before = fixture.server.requests.length;
    let attempts = 0;
    while (kills < KILLS || attempts > 0) {
      attempts++;
      const child = start(directory);
      const exit = once(child, "exit") as Promise<[number | null, NodeJS.Signals | null]>;
      await Promise.race([once(child, "message"), exit]);
      if (kills < KILLS) void sleep(random() * 120).then(() => child.kill("SIGKILL"));
      const [code, signal] = await exit;
      expect(await fixture.wrong(directory)).toEqual([]);
      if (signal === "SIGKILL") kills++;
      else {
        expect(code).toBe(0);
        expect(await fixture.complete(directory)).toBe(true);
        const asked = fixture.server.requests
          .slice(before)
          .flatMap(({ path, range }) => (path.includes("/resolve/") ? [`${path} ${range}`] : []));
        const again = asked.length - new Set(asked).size;
        expect(again).toBeLessThanOrEqual((attempts - 1) * CONNECTIONS);
        complete++;
        attempts = 0;
        directory = await fixture.fresh();
        before = fixture.server.requests.length;
      }
    }
    expect(complete).toBeGreaterThan(0);
  },
);
