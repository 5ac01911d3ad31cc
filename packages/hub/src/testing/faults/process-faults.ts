import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import type { RepoFile } from "../../client/repo-listing.ts";
import { partialBase } from "../../download/partial-base.ts";
import { attemptsOf, startChild } from "./child-download.ts";
import { IN_TIME_MS, type DownloadFixture } from "../download-fixture.ts";
import { WEIGHTS, spoiled, weightsOf } from "./connection-faults.ts";
import { alsoKept, type FaultCase } from "./fault-case.ts";
import { listFiles } from "./listing.ts";

const RANGE = 100_000;

/** A process that has ended: its id is nobody's. */
const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;

/** A lock as another process has written it. */
async function lockOf(directory: string, holder: { pid: number; host: string }): Promise<string> {
  const lock = join(`${directory}.part`, "lock");
  await mkdir(dirname(lock), { recursive: true });
  await writeFile(lock, JSON.stringify({ ...holder, start: "x", since: "2026-01-01" }));
  return lock;
}

async function listed(fixture: DownloadFixture): Promise<RepoFile> {
  const found = (await listFiles(fixture.client())).find(({ path }) => path === WEIGHTS);
  if (found === undefined) throw new Error("the fixture has no weights");
  return found;
}

/** Wrong bytes of the right size and a journal of them, while the server brings nothing. */
function leftover(what: string, journal: (file: RepoFile) => readonly object[]): FaultCase {
  return {
    what,
    code: "HUB_SERVER_ERROR",
    exitCode: 75,
    async meet(fixture) {
      const directory = await fixture.fresh();
      const file = await listed(fixture);
      const base = partialBase(directory, file);
      await mkdir(dirname(base), { recursive: true });
      await writeFile(`${base}.part`, Buffer.alloc(file.size, 7));
      const lines = journal(file).map((line) => JSON.stringify(line));
      await writeFile(`${base}.ranges`, `${lines.join("\n")}\n`);
      weightsOf(fixture).spoil(fixture.server, (response) => {
        response.writeHead(503).end();
        return true;
      });
      return await fixture.refusal({ directory });
    },
  };
}
const all = ({ size }: RepoFile) => ({ start: 0, end: size });
const head = ({ lfs, oid, size }: RepoFile) => ({ format: 1, oid: lfs?.oid ?? oid, size });

/** Faults of processes: ours, others beside it, and what they have left. */
export const PROCESS_FAULTS = {
  F22: [1, 2, 4].map((ranges) => ({
    what: `kills us with SIGKILL after ${ranges} ranges`,
    code: "SIGKILL",
    exitCode: 137,
    async meet(fixture) {
      const directory = await fixture.fresh();
      const start = performance.now();
      const child = startChild(fixture, {
        directory,
        client: { connections: 1, rangeBytes: RANGE },
      });
      weightsOf(fixture).spoil(fixture.server, (_, { count }) => {
        if (count <= ranges) return false;
        child.kill("SIGKILL");
        return true;
      });
      await attemptsOf(child);
      const ended = { code: child.signalCode ?? "", exitCode: 137, message: "", hint: "" };
      const inTime = performance.now() - start < IN_TIME_MS;
      const wrong = await fixture.wrong(directory);
      fixture.server.setFault(undefined);
      const { bytes } = await fixture.download({ directory });
      const completes = await fixture.complete(directory);
      return alsoKept(
        { ...ended, inTime, wrong, completes, broken: [] },
        { "what was finished is not fetched again": bytes.kept >= ranges * RANGE },
      );
    },
  })),
  F23: [
    {
      what: "interrupts us",
      code: "INTERRUPTED",
      exitCode: 130,
      async meet(fixture) {
        const stop = new AbortController();
        weightsOf(fixture).spoil(fixture.server, (_, { count }) => {
          if (count > 2) stop.abort();
          return count > 2;
        });
        const options = { signal: new AbortController().signal };
        return await fixture.refusal({ signal: stop.signal }, { options });
      },
    },
  ],
  F24: [
    {
      what: "is downloading the same files in another process",
      code: "LOCK_HELD",
      exitCode: 75,
      async meet(fixture) {
        const directory = await fixture.fresh();
        let release = (): void => undefined;
        const held = new Promise<void>((resolve) => (release = resolve));
        const hangs = new Promise<void>((resolve) => {
          weightsOf(fixture).spoil(fixture.server, async () => {
            resolve();
            await held;
            return false;
          });
        });
        const other = startChild(fixture, { directory });
        const attempts = attemptsOf(other);
        await hangs;
        let done: Awaited<typeof attempts> = [];
        const refusal = await fixture.refusal(
          { directory },
          {
            mend: async () => {
              release();
              done = await attempts;
            },
          },
        );
        return alsoKept(refusal, {
          "the other one is named": refusal.message.includes(String(other.pid)),
          "the other one ends well": done.length === 1 && done[0]?.error === undefined,
        });
      },
    },
  ],
  F25: [
    {
      what: "has left a lock, and its process is dead",
      code: "HUB_SERVER_ERROR",
      exitCode: 75,
      async meet(fixture) {
        const directory = await fixture.fresh();
        await lockOf(directory, { pid: deadPid(), host: hostname() });
        weightsOf(fixture).spoil(fixture.server, (response) => {
          response.writeHead(503).end();
          return true;
        });
        return await fixture.refusal({ directory });
      },
    },
    {
      what: "has left a lock of another machine, of which nothing is known",
      code: "LOCK_HELD_ELSEWHERE",
      exitCode: 75,
      async meet(fixture) {
        const directory = await fixture.fresh();
        const lock = await lockOf(directory, { pid: deadPid(), host: "elsewhere" });
        const refusal = await fixture.refusal({ directory }, { mend: () => rm(lock) });
        return alsoKept(refusal, { "the lock is named": refusal.hint.includes(lock) });
      },
    },
  ],
  F26: [
    leftover("has left a partial file of another version", (file) => [
      { ...head(file), format: 0 },
      all(file),
    ]),
    leftover("has left a partial file of a later version", (file) => [
      head(file),
      all(file),
      { blocks: [1, 2, 3] },
    ]),
    leftover("has left a partial file of other content", (file) => [
      { ...head(file), oid: "f".repeat(64) },
      all(file),
    ]),
    leftover("has left a journal that lies, as after a power cut", (file) => [
      head(file),
      all(file),
    ]),
  ],
  F30: [
    {
      what: "has a clock that jumps by a day to and fro, and a server that hangs",
      code: "HUB_TRANSFER_FAILED",
      exitCode: 75,
      async meet(fixture) {
        const real = Date.now;
        let asks = 0;
        Date.now = () => real() + (asks++ % 2 === 0 ? 86_400_000 : -86_400_000);
        try {
          return await spoiled(
            this,
            (file) => (response, asked) => file.hang(response, asked, 1000),
            { timeouts: { stallMs: 60 } },
          ).meet(fixture);
        } finally {
          Date.now = real;
        }
      },
    },
  ],
} as const satisfies Record<string, readonly FaultCase[]>;
