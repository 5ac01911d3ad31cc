import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { beforeEach, expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { listRuns, openWorkspace } from "../index.ts";

const temporary = temporaryFolder();
/** Every point, and many sequences of points, with MOONLIGHT_DEEP=1. */
const DEEP = process.env["MOONLIGHT_DEEP"] === "1";
const TOY = fileURLToPath(new URL("../../fixtures/toy-pipeline.mjs", import.meta.url));

interface Ended {
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the toy pipeline (resuming the latest run) in a process that kills itself before its n-th call that changes the disk. */
async function run(workspace: string, killAt: number): Promise<Ended> {
  const child = spawn(process.execPath, [TOY, workspace], {
    env: { ...process.env, KILL_AT: String(killAt) },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (data: Buffer) => (stdout += data.toString()));
  child.stderr.on("data", (data: Buffer) => (stderr += data.toString()));
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  return { signal, stdout, stderr };
}

interface Result {
  readonly digests: object;
  /** Calls that changed the disk. */
  readonly calls: number;
}

let undisturbed: string;
let reference: Result;
beforeEach(async () => {
  undisturbed = join(temporary.path, "undisturbed");
  reference = JSON.parse((await run(undisturbed, 0)).stdout) as Result;
});

/** Starts the run once for each point, to be killed there, and once more to its end: everything is as if nothing had happened. */
async function survives(workspace: string, points: readonly number[]): Promise<number> {
  let deaths = 0;
  for (const killAt of points) {
    const { signal, stderr } = await run(workspace, killAt);
    if (signal === "SIGKILL") deaths++;
    else expect({ points, stderr }).toEqual({ points, stderr: "" });
  }
  const last = await run(workspace, 0);
  expect({ points, stderr: last.stderr }).toEqual({ points, stderr: "" });
  const { digests } = JSON.parse(last.stdout) as Result;
  const state = async (folder: string): Promise<object> => ({
    store: await readdir(join(folder, "store")),
    left: [
      ...(await readdir(join(folder, "scratch")).catch(() => [])),
      ...(await readdir(join(folder, "locks"))),
    ],
  });
  expect({ points, digests, ...(await state(workspace)) }).toEqual({
    points,
    digests: reference.digests,
    ...(await state(undisturbed)),
  });
  const runs = await listRuns(openWorkspace(workspace));
  expect({ points, runs: runs.map(({ status }) => status) }).toEqual({ points, runs: ["ok"] });
  return deaths;
}

it("O1 a run that is killed again and again ends with the artifacts of one that is not", async () => {
  // Each process gets a little further; the points fall into all phases: run folder, lock, work, publication, cache, journal.
  const deaths = await survives(join(temporary.path, "killed"), [5, 17, 31, 44, 52, 47, 71]);
  expect(deaths).toBeGreaterThan(4);
});

it("O1 a run that is killed between any two of its writes, once or several times, ends as if it had not been", async () => {
  const { calls } = reference;
  expect(calls).toBeGreaterThan(60);
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: calls }), { minLength: 1, maxLength: 3 }),
      async (points) => {
        const deaths = await survives(join(temporary.path, `killed-${number++}`), points);
        // The first always dies; a later one may have less left to do.
        expect(deaths).toBeGreaterThan(0);
      },
    ),
    { numRuns: DEEP ? 40 : 3, endOnFailure: true },
  );
}, 600_000);

it.runIf(DEEP)(
  "O1 each single one of its writes can be the last",
  async () => {
    for (let killAt = 1; killAt <= reference.calls; killAt++)
      expect(await survives(join(temporary.path, `at-${killAt}`), [killAt])).toBe(1);
  },
  1_800_000,
);
