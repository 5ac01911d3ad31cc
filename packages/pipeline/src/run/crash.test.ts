import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../../fixtures/temporary-folder.ts";
import { listRuns, openWorkspace } from "../index.ts";

const temporary = temporaryFolder();
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

it("a run that is killed again and again ends with the artifacts of one that is not", async () => {
  const undisturbed = join(temporary.path, "undisturbed");
  const killed = join(temporary.path, "killed");
  const reference = JSON.parse((await run(undisturbed, 0)).stdout) as { digests: object };

  // Each process gets a little further; the points fall into all phases: run folder, lock, work, publication, cache, journal.
  let deaths = 0;
  let last: Ended | undefined;
  for (const killAt of [5, 17, 31, 44, 52, 47, 71, 0]) {
    last = await run(killed, killAt);
    if (last.signal === "SIGKILL") deaths++;
    else expect(last.stderr).toBe("");
  }
  expect(deaths).toBeGreaterThan(4);
  const { digests } = JSON.parse(last?.stdout ?? "") as { digests: object };
  expect(digests).toEqual(reference.digests);

  expect(await readdir(join(killed, "store"))).toEqual(await readdir(join(undisturbed, "store")));
  for (const folder of ["scratch", "locks"]) {
    expect(await readdir(join(killed, folder))).toEqual([]);
  }
  const runs = await listRuns(openWorkspace(killed));
  expect(runs.map(({ status }) => status)).toEqual(["ok"]);
});
