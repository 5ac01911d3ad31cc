import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Gate } from "./gate.ts";
import {
  artifactDigests,
  moonlight,
  parseJsonRun,
  SHORT_RUN,
  startMoonlight,
} from "./moonlight-command.ts";

const stageEnd = z.looseObject({
  type: z.literal("stage.finished"),
  stage: z.string(),
  seconds: z.number(),
});
const stageStart = z.looseObject({ type: z.literal("stage.started"), stage: z.string() });

/**
 * Kills the run with SIGKILL in the middle of each of its stages, both conversions and both evaluations too, resumes it, and
 * demands the artifacts of an undisturbed run. Each stage is killed in a workspace of its own.
 */
export function killGate(): Gate {
  return {
    name: "kill-9",
    async run() {
      const folder = await mkdtemp(join(tmpdir(), "moonlight-kill-"));
      try {
        const calm = await moonlight(["run", "--json", ...SHORT_RUN], join(folder, "calm"));
        if (calm.exitCode !== 0)
          return {
            passed: 0,
            failures: [`undisturbed run: exit ${calm.exitCode}\n${calm.stderr.slice(-2000)}`],
          };
        const want = artifactDigests(parseJsonRun(calm.stdout).summary.outputs);
        if (want.length === 0)
          return { passed: 0, failures: ["the undisturbed run names no artifact in its outputs"] };
        const stages = calm.stdout
          .split("\n")
          .flatMap((line) => stageEnd.safeParse(jsonOf(line)).data ?? []);
        if (stages.length !== 7)
          return { passed: 0, failures: [`7 stages were to be killed, ${stages.length} ran`] };

        const failures: string[] = [];
        for (const { stage, seconds } of stages) {
          const failure = await killedRun(join(folder, stage), stage, seconds * 500, want);
          if (failure !== undefined) failures.push(`kill -9 in ${stage}: ${failure}`);
        }
        return { passed: stages.length - failures.length, failures };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function killedRun(
  workspace: string,
  stage: string,
  afterMs: number,
  want: readonly string[],
): Promise<string | undefined> {
  // The machine may be quicker than it was: a stage that had ended is tried again, and killed earlier.
  let tried = 0;
  while (!(await killDuring(`${workspace}-${tried}`, stage, afterMs / 2 ** tried)))
    if (++tried === 4) return "it could not be killed while it was at work";
  const resumed = await moonlight(["run", "--json", "--resume", "latest"], `${workspace}-${tried}`);
  if (resumed.exitCode !== 0)
    return `resume: exit ${resumed.exitCode}\n${resumed.stderr.slice(-2000)}`;
  const got = artifactDigests(parseJsonRun(resumed.stdout).summary.outputs);
  const different = want.filter((line) => !got.includes(line));
  return different.length === 0 && got.length === want.length
    ? undefined
    : `other artifacts: ${different.join("; ")}`;
}

/** Whether the stage was still at work when it was killed. */
async function killDuring(workspace: string, stage: string, afterMs: number): Promise<boolean> {
  const child = startMoonlight(["run", "--json", ...SHORT_RUN], workspace);
  let ended = false;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = jsonOf(line);
    if (stageStart.safeParse(event).data?.stage === stage)
      void sleep(afterMs).then(() => child.kill("SIGKILL"));
    if (stageEnd.safeParse(event).data?.stage === stage) ended = true;
  }
  await child;
  return !ended;
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // The last line of a process that was killed.
    return undefined;
  }
}
