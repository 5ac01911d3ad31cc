import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Gate } from "./gate.ts";
import {
  artifactDigests,
  moonlight,
  parseJsonRun,
  SHORT_RUN,
  startMoonlight,
} from "./moonlight-command.ts";

/**
 * Kills the run with SIGKILL at moments spread over its whole length, resumes it until it ends, and demands the
 * artifacts of an undisturbed run. `kills` moments are tried, each in a fresh workspace.
 */
export function killGate(kills: number): Gate {
  return {
    name: "kill-9",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight-kill-"));
      try {
        const start = performance.now();
        const calm = await moonlight(["run", "--json", ...SHORT_RUN], join(folder, "calm"));
        if (calm.exitCode !== 0)
          return {
            passed: 0,
            failures: [`undisturbed run: exit ${calm.exitCode}\n${calm.stderr.slice(-2000)}`],
          };
        const length = performance.now() - start;
        const want = artifactDigests(parseJsonRun(calm.stdout).summary.outputs);
        if (want.length === 0)
          return { passed: 0, failures: ["the undisturbed run names no artifact in its outputs"] };

        const failures: string[] = [];
        for (let i = 0; i < kills; i++) {
          const after = Math.round((length * (i + 0.5)) / kills);
          const failure = await killedRun(join(folder, `killed-${i}`), after, want);
          if (failure !== undefined) failures.push(`kill -9 after ${after} ms: ${failure}`);
        }
        return { passed: kills - failures.length, failures };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function killedRun(
  workspace: string,
  after: number,
  want: readonly string[],
): Promise<string | undefined> {
  const first = startMoonlight(["run", "--json", ...SHORT_RUN], workspace);
  await Promise.race([sleep(after), first]);
  first.kill("SIGKILL");
  await first;
  const list = await moonlight(["runs", "list", "--json"], workspace);
  // Killed before the run was recorded: nothing to resume, so the user simply starts again.
  const args =
    list.stdout.includes('"run"') || list.stdout.includes('"id"')
      ? ["run", "--json", "--resume", "latest"]
      : ["run", "--json", ...SHORT_RUN];
  const resumed = await moonlight(args, workspace);
  if (resumed.exitCode !== 0)
    return `resume: exit ${resumed.exitCode}\n${resumed.stderr.slice(-2000)}`;
  const got = artifactDigests(parseJsonRun(resumed.stdout).summary.outputs);
  const different = want.filter((line) => !got.includes(line));
  return different.length === 0 && got.length === want.length
    ? undefined
    : `other artifacts: ${different.join("; ")}`;
}
