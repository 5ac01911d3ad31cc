import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Gate, Verdict } from "./gate.ts";
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
 * Kills one run with SIGKILL in the middle of each of its stages, both conversions and both evaluations too, resumes it each
 * time, and demands the artifacts of an undisturbed run.
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
        return await killAll(folder, stages, want);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

async function killAll(
  folder: string,
  stages: readonly { readonly stage: string; readonly seconds: number }[],
  want: readonly string[],
): Promise<Verdict> {
  const workspace = join(folder, "killed");
  const failures: string[] = [];
  const missed: (typeof stages)[number][] = [];
  for (const [index, each] of stages.entries()) {
    const args = index === 0 ? SHORT_RUN : ["--resume", "latest"];
    if (!(await killDuring(workspace, each.stage, each.seconds * 500, args))) missed.push(each);
  }
  const killed = stages.filter((each) => !missed.includes(each)).map(({ stage }) => stage);
  const failure = await resumed(workspace, want);
  if (failure !== undefined) failures.push(`kill -9 in ${killed.join(", ")}: ${failure}`);
  for (const { stage, seconds } of missed) {
    const alone = await killedAlone(join(folder, stage), stage, seconds * 250, want);
    if (alone !== undefined) failures.push(`kill -9 in ${stage}: ${alone}`);
  }
  return { passed: failures.length === 0 ? stages.length : 0, failures };
}

/** For a stage that was quicker than it had been: in a workspace of its own, and killed earlier each time. */
async function killedAlone(
  workspace: string,
  stage: string,
  afterMs: number,
  want: readonly string[],
): Promise<string | undefined> {
  let tried = 0;
  while (!(await killDuring(`${workspace}-${tried}`, stage, afterMs / 2 ** tried, SHORT_RUN)))
    if (++tried === 4) return "it could not be killed while it was at work";
  return await resumed(`${workspace}-${tried}`, want);
}

/** What is wrong with the artifacts of the run when it is resumed and left in peace. */
async function resumed(workspace: string, want: readonly string[]): Promise<string | undefined> {
  const run = await moonlight(["run", "--json", "--resume", "latest"], workspace);
  if (run.exitCode !== 0) return `resume: exit ${run.exitCode}\n${run.stderr.slice(-2000)}`;
  const got = artifactDigests(parseJsonRun(run.stdout).summary.outputs);
  const different = want.filter((line) => !got.includes(line));
  return different.length === 0 && got.length === want.length
    ? undefined
    : `other artifacts: ${different.join("; ")}`;
}

/** Whether the stage was still at work when it was killed. */
async function killDuring(
  workspace: string,
  stage: string,
  afterMs: number,
  args: readonly string[],
): Promise<boolean> {
  const child = startMoonlight(["run", "--json", ...args], workspace);
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
